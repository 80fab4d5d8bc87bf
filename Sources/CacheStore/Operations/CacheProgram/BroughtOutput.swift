/// An output that a cache program has brought out of an archive.
struct BroughtOutput {
    /// The answer that names the output.
    var hit: ProgramAnswer.Hit

    /// The length of what was decoded and written, in bytes.
    var written = 0

    /// The entry that GOCACHE has yet to get, or `nil` if GOCACHE does not have the output.
    var entry: ActionEntry?

    /// The modification time of the entry's file, in seconds since 1970, or `nil` for the present time.
    var time: Int?
}
