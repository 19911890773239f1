.PHONY: package
package: deps ## build the .debs into build/packages
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tools/package.sh

.PHONY: test-packages
test-packages: package ## install, run, upgrade and purge the .debs in a fresh Debian 12 (root; minutes)
	@tools/test-packages.sh
