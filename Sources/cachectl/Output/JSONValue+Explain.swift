import CacheStore

/// The JSON of packages and modules with their figures.
extension JSONValue {
    /// Returns the JSON of a compiled package with its figures.
    static func package(_ package: Explain.Report.Package) -> JSONValue {
        [
            "import_path": .string(package.importPath),
            "module": .string(package.module),
            "variants": .integer(package.variants),
            "raw_bytes": .integer(package.contentBytes),
            "stored_bytes": .integer(package.storedBytes),
            "sources": .strings(package.sources),
        ]
    }

    /// Returns the JSON of a module with its figures.
    static func module(_ module: Explain.Report.Module) -> JSONValue {
        let versions = module.versions.map { version -> JSONValue in
            [
                "version": .string(version.version),
                "raw_bytes": .integer(version.contentBytes),
                "stored_bytes": .integer(version.storedBytes),
                "sources": .strings(version.sources),
            ]
        }
        return [
            "path": .string(module.path),
            "packages": .integer(module.packages),
            "compiled_raw_bytes": .integer(module.compiledContentBytes),
            "compiled_stored_bytes": .integer(module.compiledStoredBytes),
            "stored_bytes": .integer(module.storedBytes),
            "versions": .array(versions),
        ]
    }
}
