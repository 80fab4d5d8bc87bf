import SystemPackage

/// Modules of an archive that are not in GOMODCACHE here, where this user can't add them.
enum AbsentModules {
    /// Returns the modules of a set that have a tree.
    static func modules(of set: MemberSet) -> [ZippedModules.Module] {
        set.trees.filter { !$0.module.isToolchain }.map { tree in
            let labels = set.sourceSets[tree.sources].map { set.sources[$0].label }
            return ZippedModules.Module(key: tree.module, sources: labels)
        }
    }

    /// Returns a finding on the modules that are not in GOMODCACHE here, if this user can't add them.
    ///
    /// Whether builds need a module can't be told. If some of the modules are there, the others may have been
    /// left out on purpose.
    static func findings(
        _ modules: [ZippedModules.Module],
        _ sources: [Source],
        _ here: GoEnvironment
    ) -> [Finding] {
        let cache = FilePath(here["GOMODCACHE"])
        guard !modules.isEmpty, !cache.isEmpty, here.flags["mod"] != "vendor" else { return [] }
        let absent = modules.filter { module in
            let tree = cache.pushing(FilePath(module.key.text))
            return !Access.exists(tree) && !Access.canMake(tree)
        }
        guard !absent.isEmpty else { return [] }
        return [
            Finding(
                code: .absentModules,
                setting: "modules",
                recorded: [ZippedModules.recorded(absent, sources)],
                here: cache.string,
                severity: absent.count == modules.count ? .unknown : .note,
                loss:
                    "this user can't find these modules in GOMODCACHE and can't add them there: builds that "
                    + "need them fail",
                mend: "restore the archive there as the owner of GOMODCACHE, or make it writable and readable"
            )
        ]
    }
}
