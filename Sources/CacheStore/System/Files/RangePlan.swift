/// The requests by which ranges of a remote file are read.
///
/// A request costs about as much as some kilobytes. Ranges that lie near each other are therefore read with
/// the bytes between them, which may be a 25th of all that is needed. A request is no longer than 2 MiB, so
/// that several connections share a long range.
struct RangePlan {
    /// The greatest length of a request, in bytes.
    static let requestSize = 2 << 20

    /// The part of the needed bytes that may be read besides them.
    private static let spareDivisor = 25

    private let wanted: RangeSet<Int>

    /// Creates a plan.
    ///
    /// - Parameter ranges: The ranges, in any order; they may overlap.
    /// - Complexity: O(*n* log *n*).
    init(_ ranges: some Sequence<Range<Int>>) {
        var joined: [Range<Int>] = []
        for range in ranges.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        wanted = RangeSet(joined)
    }

    /// Plans the requests.
    ///
    /// - Parameter known: The bytes that are there already.
    /// - Returns: The requests, ordered by offset.
    func requests(without known: RangeSet<Int>) -> [Range<Int>] {
        let needed = Array(wanted.subtracting(known).ranges)
        let size = needed.reduce(0) { $0 + $1.count }
        let gaps = zip(needed, needed.dropFirst()).map { $1.lowerBound - $0.upperBound }
        var spare = size / Self.spareDivisor
        var isBridged = BitArray(count: gaps.count)
        for index in gaps.indices.sorted(by: { (gaps[$0], $0) < (gaps[$1], $1) }) {
            guard gaps[index] <= spare else { break }
            spare -= gaps[index]
            isBridged[index] = true
        }
        var runs: [Range<Int>] = []
        for (index, range) in needed.enumerated() {
            if index > 0, isBridged[index - 1], let last = runs.popLast() {
                runs.append(last.lowerBound..<range.upperBound)
            } else {
                runs.append(range)
            }
        }
        return runs.flatMap(Self.cut)
    }

    /// Cuts a range into requests.
    static func cut(_ range: Range<Int>) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: requestSize).map {
            $0..<min($0 + requestSize, range.upperBound)
        }
    }
}
