import CacheStore

/// The choice of the members that `cachectl ls` lists.
struct MemberFilter: Hashable, Sendable {
    /// The kinds of members; empty for all kinds.
    var kinds: Set<Member.Kind> = []

    /// The labels of sources, at least one of which must hold a member; empty for all sources.
    var sources: Set<String> = []

    /// The patterns, at least one of which a name must match; empty for all names.
    var globs: [Glob] = []

    /// Returns whether the kind and the sources of `member` are wanted, whatever its name.
    func admits(kindAndSourcesOf member: Member) -> Bool {
        (kinds.isEmpty || kinds.contains(member.kind))
            && (sources.isEmpty || member.sources.contains(where: sources.contains))
    }

    /// Returns whether a member or file of this name is wanted.
    func admits(name: String) -> Bool {
        globs.isEmpty || globs.contains { $0.matches(name) }
    }
}
