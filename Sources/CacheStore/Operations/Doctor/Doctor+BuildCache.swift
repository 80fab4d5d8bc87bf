extension Doctor {
    /// Returns the findings that builds here do not look into GOCACHE at all.
    ///
    /// - Parameters:
    ///   - holders: The sources that hold entries of a build cache.
    ///   - go: The Go command.
    /// - Returns: The findings; none if Go can't tell.
    /// - Throws: `CancellationError`.
    func buildCacheFindings(_ holders: [Source], _ go: GoCommand) async throws -> [Finding] {
        let values: [String: String]
        do {
            values = try await go.variables(["GOCACHE", "GOCACHEPROG"])
        } catch is CacheStoreError {
            return []
        }
        let (cache, program) = (values["GOCACHE"] ?? "", values["GOCACHEPROG"] ?? "")
        func finding(_ setting: String, _ here: String, _ loss: String, _ mend: String) -> Finding {
            Finding(
                code: .buildCache,
                setting: setting,
                recorded: [Finding.Recorded(value: "", sources: holders.map(\.label))],
                here: here,
                severity: .nothingHits,
                loss: loss,
                mend: mend
            )
        }
        var findings: [Finding] = []
        if !program.isEmpty {
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
        }
        return findings
    }
}
