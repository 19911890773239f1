# A module is a folder of C files that becomes one archive; a program is a main file plus modules.
# Each folder's module.mk sets, with M = the folder:
#   MODULES += M          M.pkgs := pkg-config names     M.libs := -lfoo     M.uses := modules it links with
#   M.cflags := -Wconversion                             M.generated := extra .c files
#   PROGRAMS += name      name.main := M/main.c          name.uses := modules
# A module's sources are M/*.c but M/main*.c.
MODULES  :=
PROGRAMS :=
include $(sort $(wildcard */module.mk */*/module.mk))

# All modules that $(1) (a list) links with, itself first, then what they use.
closure = $(if $(1),$(call unique,$(1) $(call closure,$(foreach m,$(1),$($(m).uses)))))
unique  = $(if $(1),$(firstword $(1)) $(call unique,$(filter-out $(firstword $(1)),$(1))))

module_pkgs = $(call unique,$(foreach m,$(call closure,$(1)),$($(m).pkgs)))
module_libs = $(foreach m,$(call closure,$(1)),$($(m).libs))
archive     = $(BUILD)/$(1)/module.a
archives    = $(foreach m,$(call closure,$(1)),$(call archive,$(m)))
# Each set of packages is asked for once, and only when something that needs it is built.
pkg_cflags  = $(if $(1),$(call pkg,cflags,$(1)))
pkg_libs    = $(if $(1),$(call pkg,libs,$(1)))
pkg = $(call pkg_cached,$(1),$(2),$(subst $(space),_,pkg_$(1)_$(strip $(2))))
pkg_cached = $(if $(value $(3)),,$(eval $(3) := $(shell pkg-config --$(1) $(2)) ))$($(3))
space := $(empty) $(empty)
# Who speaks the contract is compiled after it was generated.
contract = $(if $(filter common/protocol,$(call closure,$(1))),$(CONTRACT))
link = $(CC) $(CFLAGS) -o $@ $(1) -Wl,--start-group $(call archives,$(2)) -Wl,--end-group $(LDFLAGS) \
	$(call pkg_libs,$(3) $(call module_pkgs,$(2))) $(call module_libs,$(2)) -lpthread -lm

define module_rules
$(1).objects := $$(patsubst %.c,$(BUILD)/%.o,$$(filter-out $(1)/main%.c,$$(wildcard $(1)/*.c))) \
	$$($(1).generated:$(GENERATED)/%.c=$(BUILD)/generated/%.o)
$(1).all_objects := $$($(1).objects) $$(patsubst %.c,$(BUILD)/%.o,$$(wildcard $(1)/main*.c))
$$($(1).all_objects): MODULE := $(1)
$$($(1).all_objects): mk/flags.mk | $$(call contract,$(1))
$(BUILD)/$(1)/module.a: $$($(1).objects)
	@mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcs $$@ $$^
-include $$($(1).all_objects:.o=.d)
endef
$(foreach m,$(MODULES),$(eval $(call module_rules,$(m))))

define compile
@mkdir -p $(@D)
@echo "  cc $<"
@$(CC) $(CFLAGS) $($(MODULE).cflags) $(call pkg_cflags,$(call module_pkgs,$(MODULE))) -c $< -o $@
endef

$(BUILD)/%.o: %.c
	$(compile)

$(BUILD)/generated/%.o: $(GENERATED)/%.c
	$(compile)

define program_rules
$(BUILD)/$(1): $(BUILD)/$$($(1).main:.c=.o) $$(call archives,$$($(1).uses))
	@echo "  ld $$@"
	@$$(call link,$$<,$$($(1).uses))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rules,$(p))))
