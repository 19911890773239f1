# A module is a folder of C files that becomes one archive; a program is a main file plus modules.
# Each folder's module.mk sets, with M = the folder:
#   MODULES += M          M.pkgs := pkg-config names     M.libs := -lfoo     M.uses := modules it links with
#   M.generated := extra .c files                        (sources are M/*.c but its main*.c)
#   PROGRAMS += name      name.main := M/main.c           name.uses := modules
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
pkg_cflags  = $(if $(1),$(shell pkg-config --cflags $(1)))
pkg_libs    = $(if $(1),$(shell pkg-config --libs $(1)))

define module_rules
$(1).sources := $$(filter-out $(1)/main%.c,$$(wildcard $(1)/*.c))
$(1).objects := $$($(1).sources:%.c=$(BUILD)/%.o) $$($(1).generated:$(GENERATED)/%.c=$(BUILD)/generated/%.o)
$(1).all_objects := $$($(1).objects) $$(patsubst %.c,$(BUILD)/%.o,$$(wildcard $(1)/main*.c))
$$($(1).all_objects): MODULE_CFLAGS = $$(MODULE_CFLAGS_$(1))
$(BUILD)/$(1)/module.a: $$($(1).objects)
	@mkdir -p $$(@D); rm -f $$@; $$(AR) rcs $$@ $$^
-include $$($(1).all_objects:.o=.d)
endef
$(foreach m,$(MODULES),$(eval $(call module_rules,$(m))))
# pkg-config is asked once a module, and only when something of it is compiled.
$(foreach m,$(MODULES),$(eval MODULE_CFLAGS_$(m) = $$(eval MODULE_CFLAGS_$(m) := $$(call pkg_cflags,$$(call module_pkgs,$(m))))$$(MODULE_CFLAGS_$(m))))

$(BUILD)/%.o: %.c | $(GENERATED)/common/protocol/messages.h
	@mkdir -p $(@D)
	@echo "  cc $<"
	@$(CC) $(CFLAGS) $(MODULE_CFLAGS) -c $< -o $@

$(BUILD)/generated/%.o: $(GENERATED)/%.c
	@mkdir -p $(@D)
	@echo "  cc $<"
	@$(CC) $(CFLAGS) $(MODULE_CFLAGS) -c $< -o $@

define program_rules
$(BUILD)/$(1): $$(patsubst %.c,$(BUILD)/%.o,$$($(1).main)) $$(call archives,$$($(1).uses))
	@mkdir -p $$(@D)
	@echo "  ld $$@"
	@$$(CC) $$(CFLAGS) -o $$@ $$(patsubst %.c,$(BUILD)/%.o,$$($(1).main)) -Wl,--start-group $$(call archives,$$($(1).uses)) -Wl,--end-group $$(LDFLAGS) $$(call pkg_libs,$$(call module_pkgs,$$($(1).uses))) $$(call module_libs,$$($(1).uses)) -lpthread -lm
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rules,$(p))))
