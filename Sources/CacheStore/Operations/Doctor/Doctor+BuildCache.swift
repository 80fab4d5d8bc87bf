import FoundationEssentials
import SystemPackage

extension Doctor {
    /// Returns the findings that builds here do not look into GOCACHE at all, or lack access to it.
    ///
    /// - Parameters:
    ///   - members: The members of the archive.
    ///   - go: The Go command.
    ///   - here: The environment at hand.
    /// - Returns: The findings; none if Go can't tell.
    /// - Throws: `CancellationError`, and ``CacheStoreError`` if the system can't tell.
    func buildCacheFindings(
        _ members: Members,
        _ go: GoCommand,
        _ here: GoEnvironment
    ) async throws -> [Finding] {
        let values: [String: String]
        do {
            values = try await go.variables(["GOCACHE", "GOCACHEPROG"])
        } catch is CacheStoreError {
            return []
        }
        let (cache, program) = (values["GOCACHE"] ?? "", values["GOCACHEPROG"] ?? "")
        func finding(
            _ setting: String,
            _ here: String,
            _ loss: String,
            _ mend: String,
            severity: Finding.Severity = .nothingHits
        ) -> Finding {
            Finding(
                code: .buildCache,
                setting: setting,
                recorded: [Finding.Recorded(value: "", sources: members.holders.map(\.label))],
                here: here,
                severity: severity,
                loss: loss,
                mend: mend
            )
        }
        var findings: [Finding] = []
        if !program.isEmpty, !CacheProgramSetting(program).usesBuildCache {
            findings.append(
                finding(
                    "GOCACHEPROG",
                    program,
                    "Go asks this program and not GOCACHE, so builds do not find what was restored there",
                    "unset `GOCACHEPROG` here"
                )
            )
        }
        if !cache.hasPrefix("/") {
            findings.append(
                finding(
                    "GOCACHE",
                    cache,
                    "Go has no build cache here, and `go build` fails",
                    "set `GOCACHE` to the directory into which the archive is restored, or set `HOME`"
                )
            )
        } else if program.isEmpty {
            // Go itself takes this variable from its environment alone.
            let debug = ProcessInfo.processInfo.environment["GODEBUG"] ?? ""
            let fault = try await WorkerThreads.perform {
                try BuildCacheAccess.fault(
                    of: FilePath(cache),
                    version: here["GOVERSION"],
                    debug: debug,
                    entries: members.sample
                )
            }
            if let fault {
                findings.append(finding("GOCACHE", cache, fault.loss, fault.mend, severity: fault.severity))
            }
        }
        return findings
    }
}
