/// The settings for the flags in GOFLAGS.
///
/// Flags that are part of keys have settings of their own. The order and the repetitions of the other flags
/// do not matter.
extension Setting {
    /// The settings for the flags that are compared.
    static let flags: [Setting] =
        ["trimpath", "race", "msan", "asan", "linkshared"].map { name in
            flag(name, .everything, "it is in the key of every package: everything is compiled again") {
                $0.isOn(name) ? "-\(name)" : ""
            }
        }
        + [
            rebuilding,
            flag("buildmode", .everything, "everything is compiled again") {
                ["", "default", "exe"].contains($0["buildmode"]) ? "" : "-buildmode=\($0["buildmode"])"
            },
            flag("compiler", .everything, "everything is compiled again") {
                ["", "gc"].contains($0["compiler"]) ? "" : "-compiler=\($0["compiler"])"
            },
            perPackage("gcflags", .everything, "everything is compiled again"),
            perPackage(
                "asmflags",
                .everything,
                "packages with assembly, and what imports them, are compiled again"
            ),
            perPackage("gcflags", .mains, "the packages named on Go's command line are compiled again"),
            perPackage("asmflags", .mains, "the packages named on Go's command line are compiled again"),
            flag("ldflags", .mains, "main packages are compiled and linked again") {
                words("ldflags", $0.values["ldflags"] ?? [])
            },
            flag(
                "tags",
                .mains,
                "main packages, and packages with files that tags choose, are compiled again"
            ) {
                let tags = $0["tags"].split { $0 == "," || $0 == " " }.map(String.init)
                let sorted = Set(tags).sorted { $0.precedes($1) }
                return sorted.isEmpty ? "" : "-tags=\(sorted.joined(separator: ","))"
            },
            flag(
                "cover",
                .several,
                "the packages that coverage instruments, and what imports them, are compiled again"
            ) {
                coverage($0)
            },
            flag("pgo", .several, "all packages of a program that has a profile are compiled again") {
                ["", "auto"].contains($0["pgo"]) ? "" : "-pgo=\($0["pgo"])"
            },
            flag(
                "mod",
                .modules,
                "packages of modules lie elsewhere, and are compiled again unless all use -trimpath"
            ) {
                $0["mod"] == "vendor" ? "-mod=vendor" : ""
            },
            flag("buildvcs", .none, "main packages are compiled again where there is a repository") {
                ["", "auto", "true"].contains($0["buildvcs"]) ? "" : "-buildvcs=\($0["buildvcs"])"
            },
            others,
        ]

    /// The flags that need no comparison: no key depends on them, or other settings compare them.
    private static let harmless: Set<String> = [
        "p", "v", "x", "n", "a", "work", "json", "modcacherw", "C", "o", "i", "insecure", "mod", "trimpath",
        "race",
        "msan", "asan", "linkshared", "buildmode", "compiler", "gcflags", "asmflags", "ldflags", "tags",
        "cover",
        "covermode", "coverpkg", "pgo", "buildvcs", "count", "timeout", "run", "short", "parallel", "cpu",
        "bench",
        "benchtime", "benchmem", "failfast", "shuffle", "skip", "vet", "coverprofile", "e", "f", "m", "u",
        "t", "d",
    ]

    /// The flag `-a`, with which Go compiles everything and asks for no entries.
    private static let rebuilding: Setting = {
        var setting = flag("a", .everything, "Go compiles everything again, whatever the caches hold") {
            $0.isOn("a") ? "-a" : ""
        }
        setting.isOnlyHere = true
        setting.mend = { _, here in "take `\(here)` out of GOFLAGS here" }
        return setting
    }()

    private static let others = flag("others", .none, "what these flags do to keys is not known") { flags in
        let words = flags.values.filter { !harmless.contains($0.key) }.map { name, values in
            Self.words(name, [values.last ?? ""])
        }
        return words.sorted { $0.precedes($1) }.joined(separator: " ")
    }

    private static func flag(
        _ name: String,
        _ scope: Scope,
        _ loss: String,
        value: @escaping @Sendable (GoFlags) -> String
    ) -> Setting {
        Setting(
            code: .goFlags,
            name: name == "others" ? "GOFLAGS (others)" : "GOFLAGS -\(name)",
            scope: scope,
            loss: loss,
            mend: { recorded, here in
                switch (recorded.isEmpty, here.isEmpty) {
                case (true, _): "take `\(here)` out of GOFLAGS here, or put it into GOFLAGS in the jobs"
                case (_, true): "put `\(recorded)` into GOFLAGS here, or take it out in the jobs"
                default: "have `\(recorded)` in GOFLAGS here, or `\(here)` in the jobs"
                }
            },
            value: { $0.isComplete || $0.variables["GOFLAGS"] != nil ? value($0.flags) : nil }
        )
    }

    /// Returns the setting of a flag that may be given once per pattern of packages.
    ///
    /// With the scope ``Scope/everything``, the setting compares the values for all packages, `all=`. With
    /// another scope, it compares the values for other patterns.
    private static func perPackage(_ name: String, _ scope: Scope, _ loss: String) -> Setting {
        var setting = flag(name, scope, loss) { flags in
            let values = flags.values[name] ?? []
            return words(name, values.filter { $0.hasPrefix("all=") == (scope == .everything) })
        }
        if scope == .everything { setting.name += "=all=" }
        return setting
    }

    private static func words(_ name: String, _ values: [String]) -> String {
        values.map { $0.isEmpty ? "-\(name)" : "-\(name)=\($0)" }.joined(separator: " ")
    }

    private static func coverage(_ flags: GoFlags) -> String {
        guard flags.isOn("cover") || flags.values["covermode"] != nil || flags.values["coverpkg"] != nil
        else {
            return ""
        }
        let parts = ["covermode", "coverpkg"].filter { !flags[$0].isEmpty }.map { "-\($0)=\(flags[$0])" }
        return (["-cover"] + parts).joined(separator: " ")
    }
}
