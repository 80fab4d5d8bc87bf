import Synchronization

/// A long stream that several threads work on, piece by piece, and whose SHA-256 they compute in order.
///
/// Each piece has three parts: its begin and its end, which one thread at a time does in the order of the
/// stream, and the work between them, which threads do at the same time. SHA-256 can't be divided, so the
/// hash of the whole limits what many threads gain.
///
/// `Worker` is what a thread keeps for its piece, such as a buffer.
final class SharedStream<Worker: ~Copyable>: Sendable {
    /// Begins the next piece, with its number; returns whether there is one.
    typealias Begin = @Sendable (inout Worker, Int) throws -> Bool
    typealias Work = @Sendable (inout Worker, Int) throws -> Void
    typealias End = @Sendable (inout Worker, inout ContentHasher) -> Void

    private struct Turn {
        /// The number of pieces that were begun.
        var begun = 0
        /// The number of pieces that have ended.
        var ended = 0
        var isBeginning = false
        var isAtEnd = false
        /// The error of the earliest piece that failed.
        var failure: (piece: Int, error: any Error)?
    }

    private let turn = Monitor(Turn())
    private let hasher = Mutex(ContentHasher())
    private let begin: Begin
    private let work: Work
    private let end: End

    /// Creates a stream.
    ///
    /// - Parameters:
    ///   - begin: Called for each piece, in order and by one thread at a time.
    ///   - work: Called for each piece that was begun, by several threads at once.
    ///   - end: Called for each piece, in order and by one thread at a time; it adds the content to the hash.
    init(begin: @escaping Begin, work: @escaping Work, end: @escaping End) {
        (self.begin, self.work, self.end) = (begin, work, end)
    }

    /// Does the next piece.
    ///
    /// - Returns: Whether there was one, and nothing has failed.
    func step(_ worker: inout Worker) -> Bool {
        guard let piece = takePiece() else { return false }
        do {
            let isPiece = try begin(&worker, piece)
            turn.withLock { turn in
                turn.isBeginning = false
                if isPiece { turn.begun += 1 } else { turn.isAtEnd = true }
            }
            turn.broadcast()
            guard isPiece else { return false }
            try work(&worker, piece)
        } catch {
            fail(piece, error)
            return false
        }
        // The threads with earlier pieces need nothing of this one, so that they get on.
        let isMine = turn.wait(until: { $0.ended == piece || $0.failure != nil }) { $0.failure == nil }
        guard isMine else { return false }
        hasher.withLock { end(&worker, &$0) }
        turn.withLock { $0.ended += 1 }
        turn.broadcast()
        return true
    }

    /// Returns the SHA-256 of the whole stream, once all steps are done.
    ///
    /// - Throws: The error of a piece.
    func finish() throws -> ObjectID {
        if let failure = turn.withLock({ $0.failure }) { throw failure.error }
        return hasher.withLock { $0.finish() }
    }

    private func takePiece() -> Int? {
        turn.wait(until: { !$0.isBeginning || $0.isAtEnd || $0.failure != nil }) { turn in
            guard !turn.isAtEnd, turn.failure == nil else { return nil }
            turn.isBeginning = true
            return turn.begun
        }
    }

    private func fail(_ piece: Int, _ error: any Error) {
        turn.withLock { turn in
            turn.isBeginning = false
            if piece <= turn.failure?.piece ?? piece { turn.failure = (piece, error) }
        }
        turn.broadcast()
    }
}
