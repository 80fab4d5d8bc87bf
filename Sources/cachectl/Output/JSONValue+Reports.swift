import CacheStore
import SystemPackage

/// The parts that the JSON of several commands has in common, which the article on JSON output describes.
extension JSONValue {
    /// Returns the JSON of a time in whole milliseconds.
    static func milliseconds(_ duration: Duration) -> JSONValue {
        .integer(Int((duration / .milliseconds(1)).rounded()))
    }

    /// Returns the JSON of an archive's figures, with every kind of member, even a kind that does not occur.
    ///
    /// - Parameters:
    ///   - totals: The figures.
    ///   - isCompressed: Whether the lengths of frames are known; otherwise they are `null`.
    /// - Returns: An object.
    static func totals(_ totals: ArchiveTotals, isCompressed: Bool = true) -> JSONValue {
        func sources(_ tallies: [String: ArchiveTotals.Tally]) -> JSONValue {
            // A source that holds nothing alone is absent from the totals.
            let keys = totals.bySource.keys
            return sorted(
                Dictionary(
                    uniqueKeysWithValues: keys.map { ($0, tally(tallies[$0], isCompressed: isCompressed)) }
                )
            )
        }
        return [
            "file_bytes": isCompressed ? .integer(totals.fileBytes) : .null,
            "frame_bytes": isCompressed ? .integer(totals.frameBytes) : .null,
            "chunks": .integer(totals.chunks),
            "all": tally(totals.all, isCompressed: isCompressed),
            "shared": tally(totals.shared, isCompressed: isCompressed),
            "by_kind": kinds(totals.byKind, isCompressed: isCompressed),
            "by_class": classes(totals.byClass, isCompressed: isCompressed),
            "by_source": sources(totals.bySource),
            "unique_by_source": sources(totals.uniqueBySource),
        ]
    }

    /// Returns the JSON of the figures of every kind of member, even a kind that does not occur.
    static func kinds(
        _ tallies: [Member.Kind: ArchiveTotals.Tally],
        isCompressed: Bool = true
    ) -> JSONValue {
        .object(
            Member.Kind.all.map {
                (key: $0.rawValue, value: tally(tallies[$0], isCompressed: isCompressed))
            }
        )
    }

    /// Returns the JSON of the figures of classes of entries.
    static func classes(
        _ tallies: [EntryClass: ArchiveTotals.Tally],
        isCompressed: Bool = true
    ) -> JSONValue {
        .object(
            EntryClass.ordered(tallies.keys).map {
                (key: $0.rawValue, value: tally(tallies[$0], isCompressed: isCompressed))
            }
        )
    }

    /// Returns the JSON of a source with its whole Go environment.
    static func source(_ source: Source) -> JSONValue {
        [
            "label": .string(source.label),
            "digest": .string(source.digest.description),
            "environment": environment(source.environment),
            "origins": .array(source.environment.origins.map(origin)),
        ]
    }

    /// Returns the JSON of a toolchain and a target with the number of packages that they compiled.
    private static func origin(_ origin: PackageOrigin) -> JSONValue {
        [
            "go_version": .string(origin.version),
            "goos": .string(origin.system),
            "goarch": .string(origin.architecture),
            "level": .string(origin.level),
            "experiments": .strings(origin.experiments),
            "packages": .integer(origin.packages),
        ]
    }

    /// Returns the JSON of a Go environment, as names and values.
    static func environment(_ environment: GoEnvironment) -> JSONValue {
        sorted(environment.variables.mapValues { .string($0) })
    }

    /// Returns the JSON of the warnings of an operation.
    static func warnings(_ warnings: [CacheStore.Warning]) -> JSONValue {
        .array(
            warnings.map {
                ["code": .string($0.code.rawValue), "message": .string($0.sentence)]
            }
        )
    }

    /// Returns the JSON of the entries that a pack left out.
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

    /// Returns the JSON of the members that were left out because they are damaged.
    static func damagedMembers(_ members: [DamagedMember]) -> JSONValue {
        .array(
            members.map {
                [
                    "kind": .string($0.kind.rawValue),
                    "name": .string($0.name),
                    "fault": .string($0.fault),
                    "offset": .optional($0.offset),
                    "entries": .integer($0.entries),
                ]
            }
        )
    }

    /// Returns the JSON of the members on which the inputs of a union disagree, for the key `conflicts`.
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

    /// Returns the JSON of action IDs for which archives hold several outputs.
    static func disputes(_ disputes: [ActionDispute]) -> JSONValue {
        .array(
            disputes.map { dispute in
                [
                    "action": .string(dispute.action.description),
                    "class": .string(dispute.entryClass.rawValue),
                    "package": .optional(dispute.package),
                    "sides": .array(
                        dispute.sides.map {
                            [
                                "output": .string($0.output.description),
                                "raw_bytes": .integer($0.contentBytes),
                                "sources": .strings($0.labels),
                                "archives": .strings($0.archives.map(\.string)),
                            ]
                        }
                    ),
                ]
            }
        )
    }

    /// Returns the JSON of a problem that a verification found, or of the error that prevented the
    /// verification.
    static func problem(_ error: CacheStoreError) -> JSONValue {
        [
            "code": .string(error.code.description),
            "message": .string(error.message),
            "member": .optional(error.member),
            "offset": .optional(error.offset),
        ]
    }

    /// Returns the JSON of the numbers of files of one sort that a restore created, replaced or left
    /// untouched.
    static func tally(_ tally: Restore.Report.Tally) -> JSONValue {
        [
            "created": .integer(tally.created),
            "replaced": .integer(tally.replaced),
            "untouched": .integer(tally.untouched),
        ]
    }

    /// Returns the JSON of what a restore removed because it does not hold it.
    static func excess(_ excess: Restore.Report.Excess) -> JSONValue {
        [
            "actions": .integer(excess.actions),
            "outputs": .integer(excess.outputs),
            "module_trees": .integer(excess.trees),
            "modules": .strings(excess.modules),
            "packages": .strings(excess.packages),
            "downloads": .integer(excess.downloads),
            "bytes": .integer(excess.bytes),
        ]
    }

    /// Returns the JSON of the figures of members of one sort, with zeros for `nil`.
    static func tally(_ tally: ArchiveTotals.Tally?, isCompressed: Bool = true) -> JSONValue {
        [
            "members": .integer(tally?.members ?? 0),
            "files": .integer(tally?.files ?? 0),
            "raw_bytes": .integer(tally?.contentBytes ?? 0),
            "stored_bytes": isCompressed ? .integer(tally?.storedBytes ?? 0) : .null,
        ]
    }
}
