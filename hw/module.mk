MODULES += hw/codec hw hw/sim
hw/codec.uses := common/base
hw.uses := hw/codec common/base
hw/sim.uses := hw hw/codec common/base
PROGRAMS += rong-sim
rong-sim.main := hw/sim/main.c
rong-sim.uses := hw/sim
test_on_sim.uses := hw/sim hw/codec
