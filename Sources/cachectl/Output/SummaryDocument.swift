import CacheStore

/// The JSON of `cachectl summary`.
struct SummaryDocument {
    let figures: JobFigures
    let time: Duration

    /// The document, which the article on JSON output describes.
    var json: JSONValue {
        [
            "schema": "cachectl.summary/1",
            "archive": .string(figures.packed.path),
            "digest": .string(figures.packed.summary.digest.description),
            "totals": .totals(figures.packed.summary.totals),
            "budget_bytes": .optional(figures.budget),
            "is_over_budget": .boolean(figures.excess != nil),
            "base": .optional(figures.base?.path),
            "base_error": .optional(figures.missingBase?.error.code.rawValue),
            "base_digest": .optional(figures.base?.summary.digest.description),
            "base_totals": figures.base.map { .totals($0.summary.totals) } ?? .null,
            "growth_bytes": .optional(figures.growth),
            "modules": .array(figures.base?.comparison.modules.map(Self.module) ?? []),
            "compiled": figures.compiled.map(JSONValue.strings) ?? .null,
            "mentioned": figures.log == nil ? .null : .strings(figures.mentioned),
            "hits": .optional(figures.hits),
            "log_errors": .strings(figures.logErrors.map(\.code.rawValue)),
            "programs_compiled": .optional(figures.programsCompiled),
            "programs": figures.programsCompiled == nil
                ? .null : .strings(figures.log?.programs.sorted() ?? []),
            "tests_run": .optional(figures.log?.tested.count),
            "tests_cached": .optional(figures.log?.testedFromCache.count),
            "program": program,
            "program_log_errors": .strings(figures.programLogErrors.map(\.code.rawValue)),
            "restored": restored,
            "milliseconds": .milliseconds(time),
        ]
    }

    private var program: JSONValue {
        guard let log = figures.programLog else { return .null }
        let total = log.total ?? CacheProgram.Report(startTime: 0)
        let known = CacheProgram.Report.Place.all.map { ($0.rawValue, total.hits[$0] ?? 0) }
        let hits = total.hits.map { ($0.key.rawValue, $0.value) }
        let places = Dictionary(known + hits, uniquingKeysWith: { $1 })
        return [
            "commands": .integer(log.commands),
            "gets": .integer(total.gets),
            "hits": .sorted(places.mapValues(JSONValue.integer)),
            "misses": .integer(total.misses),
            "puts": .integer(total.puts),
            "decoded_bytes": .integer(total.decodedBytes),
            "put_bytes": .integer(total.putBytes),
            "answer_milliseconds": .milliseconds(total.answerTime),
            "milliseconds": .milliseconds(total.lifetime),
            "errors": .integer(total.errors),
            "skipped_lines": .integer(log.foreignLines),
            "is_too_long": .boolean(log.isTooLong),
        ]
    }

    private var restored: JSONValue {
        if case .unknown = figures.restored { return .null }
        let record: RestoreRecord? = if case .record(let record) = figures.restored { record } else { nil }
        let isBase = record.map { $0.archiveDigest == figures.base?.summary.digest.description } ?? false
        return [
            "is_cold": .boolean(record == nil),
            "archive": .optional(record?.archive),
            "bytes_written": .optional(record?.bytesWritten),
            "files_written": .optional(record?.filesWritten),
            "files_untouched": .optional(record?.filesUntouched),
            "milliseconds": record?.time.map(JSONValue.milliseconds) ?? .null,
            "kept_stored_bytes": .optional(isBase ? figures.base?.keptBytes : nil),
        ]
    }

    private static func module(_ module: Diff.Report.Module) -> JSONValue {
        [
            "path": .string(module.path),
            "removed_versions": .strings(module.removedVersions.map(\.version)),
            "added_versions": .strings(module.addedVersions.map(\.version)),
            "growth_stored_bytes": .integer(module.storedGrowth),
        ]
    }
}
