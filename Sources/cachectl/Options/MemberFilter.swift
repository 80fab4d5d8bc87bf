import CacheStore

/// Which members `cachectl ls` lists.
struct MemberFilter: Hashable, Sendable {
    /// The kinds; empty for all.
    var kinds: Set<Member.Kind> = []

    /// The labels of sources of which a member needs one; empty for all.
    var sources: Set<String> = []

    /// The patterns of which a name must match one; empty for all.
    var globs: [Glob] = []

    /// Whether the kind and the sources of `member` are wanted; its name is another question.
    func admits(kindAndSourcesOf member: Member) -> Bool {
        (kinds.isEmpty || kinds.contains(member.kind))
            && (sources.isEmpty || member.sources.contains(where: sources.contains))
    }

    /// Whether a member or file of this name is wanted.
    func admits(name: String) -> Bool {
        globs.isEmpty || globs.contains { $0.matches(name) }
    }
}
