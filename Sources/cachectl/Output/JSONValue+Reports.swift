import CacheStore
import SystemPackage

/// The parts that the JSON of several commands has in common; described in the article on JSON output.
extension JSONValue {
    /// A time in whole milliseconds.
    static func milliseconds(_ duration: Duration) -> JSONValue {
        .integer(Int((duration / .milliseconds(1)).rounded()))
    }

    /// The figures of an archive, with every kind of member, also those that do not occur.
    static func totals(_ totals: ArchiveTotals) -> JSONValue {
        // A source that holds nothing alone is absent from the totals.
        let unique = Dictionary(
            uniqueKeysWithValues: totals.bySource.keys.map { ($0, tally(totals.uniqueBySource[$0])) }
        )
        return [
            "file_bytes": .integer(totals.fileBytes),
            "frame_bytes": .integer(totals.frameBytes),
            "chunks": .integer(totals.chunks),
            "all": tally(totals.all),
            "shared": tally(totals.shared),
            "by_kind": kinds(totals.byKind),
            "by_class": classes(totals.byClass),
            "by_source": sorted(totals.bySource.mapValues(tally)),
            "unique_by_source": sorted(unique),
        ]
    }

    /// The figures of every kind of member, also those that do not occur.
    static func kinds(_ tallies: [Member.Kind: ArchiveTotals.Tally]) -> JSONValue {
        .object(Member.Kind.all.map { (key: $0.rawValue, value: tally(tallies[$0])) })
    }

    /// The figures of classes of entries.
    static func classes(_ tallies: [EntryClass: ArchiveTotals.Tally]) -> JSONValue {
        .object(EntryClass.ordered(tallies.keys).map { (key: $0.rawValue, value: tally(tallies[$0])) })
    }

    /// A source with the whole of its Go environment.
    static func source(_ source: Source) -> JSONValue {
        [
            "label": .string(source.label),
            "digest": .string(source.digest.description),
            "environment": environment(source.environment),
        ]
    }

    /// A Go environment as names and values.
    static func environment(_ environment: GoEnvironment) -> JSONValue {
        sorted(environment.variables.mapValues { .string($0) })
    }

    /// The warnings of an operation.
    static func warnings(_ warnings: [CacheStore.Warning]) -> JSONValue {
        .array(
            warnings.map {
                ["code": .string($0.code.rawValue), "message": .string($0.sentence)]
            }
        )
    }

    /// What a pack left out.
    static func leftOut(_ entries: [LeftOut]) -> JSONValue {
        .array(
            entries.map {
                [
                    "reason": .string($0.reason.rawValue),
                    "is_damage": .boolean($0.reason.isDamage),
                    "path": .string($0.path.string),
                    "explanation": .string($0.explanation),
                ]
            }
        )
    }

    /// The members on which the inputs of a union disagree; the key `conflicts` holds them.
    static func disagreements(_ disagreements: [Disagreement]) -> JSONValue {
        .array(
            disagreements.map {
                [
                    "kind": .string($0.kind.rawValue),
                    "name": .string($0.name),
                    "kept": .string($0.kept),
                    "dropped": strings($0.dropped),
                ]
            }
        )
    }

    /// A problem that a verification found, or the error that kept it from looking.
    static func problem(_ error: CacheStoreError) -> JSONValue {
        [
            "code": .string(error.code.description),
            "message": .string(error.message),
            "member": .optional(error.member),
            "offset": .optional(error.offset),
        ]
    }

    /// What a restore did to files of one sort.
    static func tally(_ tally: Restore.Report.Tally) -> JSONValue {
        [
            "created": .integer(tally.created),
            "replaced": .integer(tally.replaced),
            "untouched": .integer(tally.untouched),
        ]
    }

    /// The figures of members of one sort; zeros for `nil`.
    static func tally(_ tally: ArchiveTotals.Tally?) -> JSONValue {
        [
            "members": .integer(tally?.members ?? 0),
            "files": .integer(tally?.files ?? 0),
            "raw_bytes": .integer(tally?.contentBytes ?? 0),
            "stored_bytes": .integer(tally?.storedBytes ?? 0),
        ]
    }
}
