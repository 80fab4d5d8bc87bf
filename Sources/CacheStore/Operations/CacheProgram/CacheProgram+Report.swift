import FoundationEssentials
public import SystemPackage

extension CacheProgram {
    /// The figures on a go command that the program has served, or on several of them.
    public struct Report: Hashable, Sendable {
        /// A place from which the program serves entries.
        ///
        /// The type is a struct rather than an enum, so that a later release can add a place without breaking
        /// a caller's `switch`.
        public struct Place: RawRepresentable, Hashable, Sendable {
            /// The place's name, for example `archive`.
            public let rawValue: String

            /// Creates a place, whether or not this version knows it.
            public init(rawValue: String) { self.rawValue = rawValue }

            /// GOCACHE itself, in which the entry stood already.
            public static let buildCache = Place(rawValue: "gocache")

            /// One of the archives.
            public static let archive = Place(rawValue: "archive")

            /// The places that this version knows, in the order in which the program looks there.
            public static let all = [buildCache, archive]
        }

        /// The time at which the program began, in seconds since 1970; that of the first command of several.
        public var startTime: Int

        /// The archives that were served.
        public var archives: [FilePath]

        /// The number of entries that Go has asked for.
        public var gets = 0

        /// The number of entries that Go has got, by the place from which they came.
        public var hits: [Place: Int] = [:]

        /// The number of entries that Go has asked for and that are in no place.
        public var misses = 0

        /// The number of entries that Go has stored.
        public var puts = 0

        /// The length of the outputs that were decoded from archives, in bytes.
        public var decodedBytes = 0

        /// The length of the outputs that Go has stored, in bytes.
        public var putBytes = 0

        /// The time from the arrival of each request to its answer, added up over all requests.
        ///
        /// Requests are answered at the same time, so this time may be longer than ``lifetime``.
        public var answerTime = Duration.zero

        /// The time from the start of the program to its end, added up over the commands.
        public var lifetime = Duration.zero

        /// The number of requests that have failed.
        public var errors = 0

        /// Creates a report of a program that has answered no request.
        ///
        /// - Parameters:
        ///   - startTime: The time at which the program began, in seconds since 1970.
        ///   - archives: The archives that are served.
        public init(startTime: Int, archives: [FilePath] = []) {
            self.startTime = startTime
            self.archives = archives
        }

        /// The number of entries that Go has got from any place.
        public var allHits: Int { hits.values.reduce(0, Self.sum) }

        /// Adds the figures on other commands.
        ///
        /// The result has the earlier start and all archives, each once. A sum that no integer holds becomes
        /// the greatest integer, and a time ends at 2⁵³ milliseconds.
        ///
        /// - Complexity: O(*n* · *m*) in the numbers of archives.
        public mutating func add(_ other: Self) {
            startTime = min(startTime, other.startTime)
            for archive in other.archives where !archives.contains(archive) { archives.append(archive) }
            gets = Self.sum(gets, other.gets)
            hits.merge(other.hits, uniquingKeysWith: Self.sum)
            misses = Self.sum(misses, other.misses)
            puts = Self.sum(puts, other.puts)
            decodedBytes = Self.sum(decodedBytes, other.decodedBytes)
            putBytes = Self.sum(putBytes, other.putBytes)
            answerTime = min(answerTime + other.answerTime, Self.longestSum)
            lifetime = min(lifetime + other.lifetime, Self.longestSum)
            errors = Self.sum(errors, other.errors)
        }

        /// The longest time, which no number of commands takes.
        private static let longestSum = Duration.milliseconds(1 << 53)

        /// Returns the sum of two counts, or the greatest integer if it is greater.
        private static func sum(_ first: Int, _ second: Int) -> Int {
            let (sum, overflow) = first.addingReportingOverflow(second)
            return overflow ? .max : sum
        }
    }
}

// MARK: - The line of a log

extension CacheProgram.Report {
    /// The report as a line of a log in JSON, without its line feed.
    ///
    /// Times are rounded to microseconds. Places without a hit are left out, unless this version knows them.
    public var jsonLine: String {
        let others = Set(hits.keys.map(\.rawValue)).subtracting(Place.all.map(\.rawValue)).sorted()
        let places = Place.all + others.map(Place.init(rawValue:))
        let shown = places.filter { Place.all.contains($0) || hits[$0] != 0 }
        let value: JSONValue = [
            "time": .string(Date(timeIntervalSince1970: Double(startTime)).formatted(.iso8601)),
            "archives": .array(archives.map { .string($0.shown) }),
            "gets": .integer(gets),
            "hits": .object(shown.map { (key: $0.rawValue, value: .integer(hits[$0] ?? 0)) }),
            "misses": .integer(misses),
            "puts": .integer(puts),
            "decodedBytes": .integer(decodedBytes),
            "putBytes": .integer(putBytes),
            "answerMilliseconds": Self.milliseconds(answerTime),
            "milliseconds": Self.milliseconds(lifetime),
            "errors": .integer(errors),
        ]
        return value.text
    }

    private static func milliseconds(_ duration: Duration) -> JSONValue {
        .number((duration / .microseconds(1)).rounded() / 1000)
    }

    /// The greatest figure; a greater one can't be a count or a size, nor a time in milliseconds.
    private static let figureLimit = 1 << 53

    /// The longest time of a command in milliseconds, some thirty years.
    private static let longestTime = 1e12

    /// The last second of the year 9999, the last one that RFC 3339 can state.
    private static let lastTime = 253_402_300_799.0

    private struct Fields: Decodable {
        var time: String
        var archives: [String]
        var gets: Int
        var hits: [String: Int]
        var misses: Int
        var puts: Int
        var decodedBytes: Int
        var putBytes: Int
        var answerMilliseconds: Double
        var milliseconds: Double
        var errors: Int

        /// Whether all figures are ones that a program can count.
        var isPossible: Bool {
            let counts = [gets, misses, puts, decodedBytes, putBytes, errors] + hits.values
            return counts.allSatisfy { (0...figureLimit).contains($0) }
                && [answerMilliseconds, milliseconds].allSatisfy { (0...longestTime).contains($0) }
        }
    }

    /// Reads a line of a log; the result is `nil` if the line is anything else than ``jsonLine``.
    ///
    /// Keys that this version does not know are ignored.
    ///
    /// - Parameter jsonLine: The line, with or without its end.
    public init?(jsonLine: String) { self.init(Array(jsonLine.utf8)[...]) }

    /// Reads a line of a log in UTF-8; the result is `nil` if the line is anything else.
    init?(_ jsonLine: ArraySlice<UInt8>) {
        guard jsonLine.first == UInt8(ascii: "{"),
            let fields = try? JSONDecoder().decode(Fields.self, from: Data(jsonLine)), fields.isPossible,
            let date = Self.date(fields.time), (0...Self.lastTime).contains(date.timeIntervalSince1970)
        else { return nil }
        self.init(
            startTime: Int(date.timeIntervalSince1970.rounded(.down)),
            archives: fields.archives.map { FilePath($0) }
        )
        (gets, misses, puts, errors) = (fields.gets, fields.misses, fields.puts, fields.errors)
        (decodedBytes, putBytes) = (fields.decodedBytes, fields.putBytes)
        for (name, count) in fields.hits where count > 0 { hits[Place(rawValue: name)] = count }
        answerTime = Self.duration(milliseconds: fields.answerMilliseconds)
        lifetime = Self.duration(milliseconds: fields.milliseconds)
    }

    private static func duration(milliseconds: Double) -> Duration {
        .microseconds(Int64((milliseconds * 1000).rounded()))
    }

    /// Returns a time as in RFC 3339, with or without a fraction of a second.
    private static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}
