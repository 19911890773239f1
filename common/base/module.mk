MODULES += common/base
common/base.pkgs := glib-2.0 libsystemd
common/base.cflags := -Wconversion
common/base.uses :=
