MODULES += mcu/canvas
mcu/canvas.libs := -lyuv
mcu/canvas.uses := common/media common/base
