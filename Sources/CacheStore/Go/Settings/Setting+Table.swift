/// The settings that decide whether entries hit, the gravest first.
///
/// Source: the inputs of every action ID in Go's cmd/go/internal/work/exec.go, `buildActionID`; see
/// <doc:AboutGoCaches>.
extension Setting {
    /// All settings that are compared.
    static let all = targets + flags + compilers + places

    private static let targets: [Setting] =
        [
            Setting(
                code: .goVersion,
                name: "GOVERSION",
                scope: .everything,
                loss:
                    "builds with one version do not use the entries of another: they compile "
                    + "everything again",
                mend: { recorded, here in
                    "use \(recorded) here (`GOTOOLCHAIN=\(recorded)` or its image), "
                        + "or fill the caches with \(here)"
                },
                value: { $0.variables["GOVERSION"] }
            ),
            variable(
                .goTarget,
                "GOOS",
                .everything,
                "builds for one system do not use the entries of another",
                isAlwaysSet: true
            ),
            variable(
                .goTarget,
                "GOARCH",
                .everything,
                "builds for one architecture do not use the entries of another",
                isAlwaysSet: true
            ),
        ] + levels.map { level($0.name, $0.architectures) }
        + [
            variable(
                .goExperiment,
                "GOEXPERIMENT",
                .everything,
                "builds with other experiments compile everything again"
            ) { $0.split(separator: ",").map(String.init).sorted { $0.precedes($1) }.joined(separator: ",") },
            variable(
                .goFIPS140,
                "GOFIPS140",
                .mains,
                "main packages are compiled again, and crypto packages if a frozen module is named"
            ) { $0 == "off" ? "" : $0 },
        ]

    /// The variables that choose among the processors of an architecture, with their values when not set.
    private static let levels: [(name: String, architectures: [String], standard: String?)] = [
        ("GO386", ["386"], "sse2"), ("GOAMD64", ["amd64"], "v1"), ("GOARM", ["arm"], nil),
        ("GOARM64", ["arm64"], "v8.0"), ("GOMIPS", ["mips", "mipsle"], "hardfloat"),
        ("GOMIPS64", ["mips64", "mips64le"], "hardfloat"), ("GOPPC64", ["ppc64", "ppc64le"], "power8"),
        ("GORISCV64", ["riscv64"], "rva20u64"), ("GOWASM", ["wasm"], ""),
    ]

    /// Returns the value of one of these variables in an environment, or `nil` if it is not known.
    static func level(_ name: String, in environment: GoEnvironment) -> String? {
        levels.first { $0.name == name }.flatMap { name, _, standard in
            environment.variables[name] ?? (environment.isComplete ? standard : nil)
        }
    }

    private static func level(_ name: String, _ architectures: [String]) -> Setting {
        var setting = variable(
            .goLevel,
            name,
            .everything,
            "builds at one level do not use the entries of another"
        )
        setting.value = { level(name, in: $0) }
        // Go also sets the variable of another architecture, but ignores it.
        setting.isRelevant = { $0.allSatisfy { architectures.contains($0["GOARCH"]) } }
        return setting
    }

    private static let compilers: [Setting] =
        [
            variable(
                .cgo,
                "CGO_ENABLED",
                .cgo,
                "net, os/user, what uses cgo, and what imports them are compiled again",
                isAlwaysSet: true
            ),
            cgo(.compiler, "CC", "packages that use cgo are compiled again", isAlwaysSet: true),
            Setting(
                code: .compiler,
                name: "CC_VERSION",
                scope: .cgo,
                loss: "packages that use cgo are compiled again",
                mend: { recorded, _ in
                    "install the jobs' C compiler here (\(Finding.quoted(recorded))), "
                        + "or run the jobs on this distribution"
                },
                value: { $0.variables["CC_VERSION"] },
                isRelevant: { $0.allSatisfy(\.usesCgo) }
            ),
            cgo(.compiler, "CXX", "packages with C++ sources are compiled again", isAlwaysSet: true),
            cgo(.compiler, "FC", "packages with Fortran sources are compiled again", isAlwaysSet: true),
        ]
        + ["CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS"].map {
            cgo(.compilerFlags, $0, "packages that use cgo, and main packages, are compiled again")
        }

    private static func cgo(
        _ code: Finding.Code,
        _ name: String,
        _ loss: String,
        isAlwaysSet: Bool = false
    ) -> Setting {
        var setting = variable(code, name, .cgo, loss, isAlwaysSet: isAlwaysSet) {
            $0.split(separator: " ").joined(separator: " ")
        }
        setting.isRelevant = { $0.allSatisfy(\.usesCgo) }
        return setting
    }

    private static let places: [Setting] = [
        moduleCache(
            .modules,
            "packages of modules, and what imports them, are compiled again under any other path, unless all "
                + "builds use -trimpath"
        ) { environments in
            !environments.allSatisfy(\.trimsPaths) && !environments.allSatisfy { $0.flags["mod"] == "vendor" }
        },
        moduleCache(
            .none,
            "with -trimpath on both sides only a cgo package that includes its own headers is compiled again"
        ) { environments in
            environments.allSatisfy { $0.trimsPaths && $0.usesCgo }
                && !environments.allSatisfy { $0.flags["mod"] == "vendor" }
        },
        Setting(
            code: .goRoot,
            name: "GOROOT",
            scope: .none,
            loss:
                "nothing is compiled again, but Go indexes the standard library anew, so GOCACHE must be "
                + "writable",
            mend: { recorded, _ in "to spare that, install Go at \(Finding.quoted(recorded)) here" },
            value: { $0.variables["GOROOT"] }
        ),
        Setting(
            code: .distribution,
            name: GoEnvironment.distribution,
            scope: .none,
            loss:
                "packages that use cgo hit, although they were compiled with another distribution's headers",
            mend: { recorded, _ in
                "run the jobs on the image's distribution, or use CGO_ENABLED=0 in both; they ran on "
                    + Finding.quoted(recorded)
            },
            value: { $0.variables[GoEnvironment.distribution] },
            isRelevant: { $0.allSatisfy(\.usesCgo) }
        ),
    ]

    private static func moduleCache(
        _ scope: Scope,
        _ loss: String,
        _ isRelevant: @escaping @Sendable ([GoEnvironment]) -> Bool
    ) -> Setting {
        Setting(
            code: .moduleCachePath,
            name: "GOMODCACHE",
            scope: scope,
            loss: loss,
            mend: { recorded, _ in Remedy.useModuleCache(at: recorded).description },
            value: { $0.moduleCache },
            isRelevant: isRelevant
        )
    }

    /// Returns a setting that is a variable of the environment.
    private static func variable(
        _ code: Finding.Code,
        _ name: String,
        _ scope: Scope,
        _ loss: String,
        isAlwaysSet: Bool = false,
        normalized: @escaping @Sendable (String) -> String = { $0 }
    ) -> Setting {
        Setting(
            code: code,
            name: name,
            scope: scope,
            loss: loss,
            mend: { recorded, here in
                let inJobs = here.isEmpty ? "unset it in the jobs" : "set `\(name)=\(here)` in the jobs"
                return recorded.isEmpty
                    ? "unset `\(name)` here, or \(inJobs)" : "set `\(name)=\(recorded)` here, or \(inJobs)"
            },
            value: { environment in
                let absent = isAlwaysSet || !environment.isComplete ? nil : ""
                return (environment.variables[name] ?? absent).map(normalized)
            }
        )
    }
}
