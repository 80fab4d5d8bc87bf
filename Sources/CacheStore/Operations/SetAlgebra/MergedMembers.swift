/// The members of a new archive that are held in memory while its outputs and action entries pass by.
///
/// The table ``frames`` holds the chunks of trees and zips, the chunks that no member uses, and the chunks of
/// outputs that have several chunks.
struct MergedMembers: Sendable {
    /// All members except outputs and action entries.
    ///
    /// The numbers of their chunks refer to ``frames`` until the chunks are laid out.
    var set: MemberSet

    /// The chunks of the members, and the frame that is kept for each chunk.
    var frames: FrameTable

    /// The members on which inputs disagree.
    var disagreements = DisagreementList()

    /// The chunks that the new archive has without a member that uses them; `nil` for all chunks of
    /// ``frames`` that are left.
    var unusedChunks: [ChunkNumber]?
}
