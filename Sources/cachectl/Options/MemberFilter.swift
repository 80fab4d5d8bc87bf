import CacheStore

/// The choice of the members that `cachectl ls` lists.
struct MemberFilter: Hashable, Sendable {
    /// The kinds of members; empty for all kinds.
    var kinds: Set<Member.Kind> = []

    /// The labels of sources, at least one of which must hold a member; empty for all sources.
    var sources: Set<String> = []

    /// The patterns, at least one of which a name must match; empty for all names.
    var globs: [Glob] = []

    /// The patterns that names have matched which were noted.
    private(set) var matched: Set<Glob> = []

    /// Returns whether the kind and the sources of `member` are wanted, whatever its name.
    func admits(kindAndSourcesOf member: Member) -> Bool {
        (kinds.isEmpty || kinds.contains(member.kind))
            && (sources.isEmpty || member.sources.contains(where: sources.contains))
    }

    /// Notes the patterns that the name of a member or file matches.
    mutating func note(name: String) {
        guard matched.count < globs.count else { return }
        for glob in globs where !matched.contains(glob) && glob.matches(name) { matched.insert(glob) }
    }

    /// Returns whether a member or file of this name is wanted.
    func admits(name: String) -> Bool {
        globs.isEmpty || globs.contains { $0.matches(name) }
    }
}

extension MemberFilter {
    /// Warnings about the patterns that no noted name has matched.
    var warnings: [CacheStore.Warning] {
        globs.filter { !matched.contains($0) }.map {
            CacheStore.Warning(
                code: .unmatchedPattern,
                message: "nothing that could be listed matches the pattern `\($0.pattern)`",
                remedy: .checkPattern
            )
        }
    }
}
