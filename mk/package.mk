.PHONY: package
package: deps ## build the .debs into build/packages
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tools/package.sh
