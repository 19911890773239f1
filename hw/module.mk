MODULES += hw hw/sim
hw.uses := common/base
hw/sim.uses := hw common/base
PROGRAMS += rong-sim
rong-sim.main := hw/sim/main.c
rong-sim.uses := hw/sim
