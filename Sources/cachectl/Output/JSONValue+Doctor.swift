import CacheStore
import SystemPackage

/// The JSON of `cachectl doctor`, which the article on JSON output describes.
extension JSONValue {
    /// Returns the JSON of a whole report.
    static func doctor(_ report: Doctor.Report, archive: String, time: Duration) -> JSONValue {
        let sources = report.sources.sorted { $0.key < $1.key }
        return [
            "schema": "cachectl.doctor/1",
            "archive": .string(archive),
            "digest": .string(report.digest.description),
            "prediction": .string(report.prediction.rawValue),
            "sources": .object(sources.map { (key: $0.key, value: .string($0.value.rawValue)) }),
            "environment": .environment(report.environment),
            "findings": .array(report.findings.map(finding)),
            "packages": report.packages.map(packages) ?? .null,
            "milliseconds": .milliseconds(time),
        ]
    }

    private static func finding(_ finding: Finding) -> JSONValue {
        let recorded = finding.recorded.map { recorded in
            (["value": .string(recorded.value), "sources": .strings(recorded.sources)] as JSONValue)
        }
        return [
            "code": .string(finding.code.rawValue),
            "setting": .string(finding.setting),
            "severity": .string(finding.severity.rawValue),
            "recorded": .array(recorded),
            "here": .optional(finding.here),
            "loss": .string(finding.loss),
            "mend": .string(finding.advice),
        ]
    }

    private static func packages(_ packages: Doctor.Report.Packages) -> JSONValue {
        let missing = packages.missing.map { package in
            ([
                "import_path": .string(package.importPath),
                "module": .string(package.module),
                "is_certain": .boolean(package.isCertain),
                "depends_on": .optional(package.dependsOn),
                "setting": .optional(package.setting),
            ] as JSONValue)
        }
        return [
            "directory": .string(packages.directory.string),
            "patterns": .strings(packages.patterns),
            "total": .integer(packages.total),
            "compiles_at_least": .integer(packages.compiles.lowerBound),
            "compiles_at_most": .integer(packages.compiles.upperBound),
            "missing": .array(missing),
        ]
    }
}
