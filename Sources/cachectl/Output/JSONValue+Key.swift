import CacheStore

/// The JSON of `cachectl key`, which the article on JSON output describes.
extension JSONValue {
    /// Returns the JSON of a key and its parts.
    static func key(_ report: JobKey.Report, directory: String) -> JSONValue {
        let settings = report.settings.map { (key: $0.name, value: JSONValue.string($0.value)) }
        return [
            "schema": "cachectl.key/1",
            "directory": .string(directory),
            "key": .string(report.key),
            "fallbacks": .strings(report.fallbacks),
            "parts": [
                "prefix": .string(report.prefix),
                "goos": .string(report.system),
                "goarch": .string(report.architecture),
                "go_version": .string(report.version),
                "settings": .object(settings),
                "settings_digest": .string(report.settingsDigest.description),
                "sum_files": .strings(report.sumFiles),
                "sums_digest": .string(report.sumsDigest.description),
            ],
            "warnings": .warnings(report.warnings),
        ]
    }
}
