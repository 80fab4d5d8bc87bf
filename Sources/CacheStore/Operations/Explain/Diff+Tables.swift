extension Diff.Report {
    /// Combines two tables: one of the members that only the first archive has, and one of those that only
    /// the second has.
    init(_ removed: ExplanationTables, _ added: ExplanationTables, fileBytes: (first: Int, second: Int)) {
        var packages: [String: Package] = [:]
        var modules: [String: Module] = [:]
        for package in removed.sortedPackages {
            packages[package.importPath, default: Package(package)].removed = Amount(package)
        }
        for package in added.sortedPackages {
            packages[package.importPath, default: Package(package)].added = Amount(package)
        }
        for module in removed.sortedModules {
            modules[module.path, default: Module(path: module.path)].removedVersions = module.versions
            modules[module.path]?.removedPackages = Amount(module)
        }
        for module in added.sortedModules {
            modules[module.path, default: Module(path: module.path)].addedVersions = module.versions
            modules[module.path]?.addedPackages = Amount(module)
        }
        self.init(
            removed: removed.tallies,
            added: added.tallies,
            modules: modules.values.sorted {
                $0.storedBytes == $1.storedBytes
                    ? $0.path.precedes($1.path) : $0.storedBytes > $1.storedBytes
            },
            packages: packages.values.sorted {
                $0.storedBytes == $1.storedBytes
                    ? $0.importPath.precedes($1.importPath) : $0.storedBytes > $1.storedBytes
            },
            unknownPackages: removed.unknown + added.unknown,
            firstFileBytes: fileBytes.first,
            secondFileBytes: fileBytes.second
        )
    }
}

extension Diff.Report.Package {
    /// Creates a row for a package, without amounts.
    fileprivate init(_ package: Explain.Report.Package) {
        self.init(importPath: package.importPath, module: package.module)
    }
}

extension Diff.Report.Amount {
    fileprivate init(_ package: Explain.Report.Package) {
        self.init(
            count: package.variants,
            contentBytes: package.contentBytes,
            storedBytes: package.storedBytes
        )
    }

    fileprivate init(_ module: Explain.Report.Module) {
        self.init(
            count: module.packages,
            contentBytes: module.compiledContentBytes,
            storedBytes: module.compiledStoredBytes
        )
    }
}
