import CacheStore

/// The text of the progress line: phase, share, bytes, items, rate and time left.
struct ProgressText {
    private let phase: String
    private let share: String?
    private let bytes: String?
    private let items: String?
    private let rate: String?
    private let timeLeft: String?

    /// Describes a snapshot of the progress.
    ///
    /// - Parameters:
    ///   - progress: The snapshot.
    ///   - elapsed: The time since the phase began.
    init(_ progress: OperationProgress, elapsed: Duration) {
        let isMeasured = progress.totalBytes > 0
        let done = Double(isMeasured ? progress.bytes : progress.items)
        let total = Double(isMeasured ? progress.totalBytes : progress.totalItems)
        let seconds = elapsed / .seconds(1)

        phase = progress.phase
        share = total > 0 ? "\(Self.percent(done, of: total))%" : nil
        bytes = Self.amount(progress.bytes, of: progress.totalBytes, HumanFormat.bytes)
        items = Self.amount(progress.items, of: progress.totalItems, HumanFormat.count).map { "\($0) items" }
        // The rate of the first moments says nothing about the rest.
        rate = progress.bytes > 0 && seconds >= 0.5 ? HumanFormat.rate(progress.bytes, in: elapsed) : nil
        if total > 0, done > 0, seconds >= 1 {
            let left = min(1e9, seconds * max(0, total - done) / done)
            timeLeft = "\(HumanFormat.duration(.seconds(left.rounded(.up)))) left"
        } else {
            timeLeft = nil
        }
    }

    /// Returns the text in fewer than `width` columns.
    ///
    /// The least useful parts are dropped first; a phase that is still too long is cut at its end.
    func fitting(_ width: Int) -> String {
        let candidates = [
            [phase, share, bytes, items, rate, timeLeft],
            [phase, share, bytes, rate, timeLeft],
            [phase, share, bytes, timeLeft],
            [phase, share, timeLeft],
            [phase, share],
        ]
        // The last column stays free, because some terminals wrap the line as soon as it is written to.
        let room = max(0, width - 1)
        let lines = candidates.map { $0.compactMap(\.self).joined(separator: "  ") }
        return lines.first { $0.count <= room } ?? String(phase.prefix(room))
    }

    private static func percent(_ done: Double, of total: Double) -> Int {
        Int(min(1, max(0, done / total)) * 100)
    }

    private static func amount(_ done: Int, of total: Int, _ format: (Int) -> String) -> String? {
        if total > 0 { return "\(format(done)) of \(format(total))" }
        return done > 0 ? format(done) : nil
    }
}
