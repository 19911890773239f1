MODULES += mcu/audio
mcu/audio.pkgs := opus
mcu/audio.uses := common/rtp common/base
