/// The IDs of the outputs of an index, by number.
///
/// The IDs of the first outputs are held in memory, because action entries refer to outputs in no order. The
/// other IDs are looked up in the index, so that the memory does not grow with the archive.
struct OutputIDs {
    /// The number of outputs whose IDs are held: 16 MiB of IDs.
    static let heldCount = 1 << 19

    private let reader: IndexReader
    private let limit: Int
    private var held: [ObjectID] = []

    /// Creates the IDs of an index, none of which is held yet.
    ///
    /// - Parameters:
    ///   - reader: The index.
    ///   - limit: The number of outputs whose IDs are held at most.
    init(_ reader: IndexReader, limit: Int = Self.heldCount) {
        (self.reader, self.limit) = (reader, limit)
        held.reserveCapacity(min(reader.outputCount, limit))
    }

    /// Adds the ID of the next output.
    mutating func append(_ id: ObjectID) {
        if held.count < limit { held.append(id) }
    }

    /// Returns the ID of an output.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func id(of number: OutputNumber) throws -> ObjectID {
        number.index < held.count ? held[number.index] : try reader.output(number).id
    }
}
