/// The content of a file `@v/list`: the versions of a module whose `.mod` is in the cache.
///
/// Source: Go's cmd/go/internal/modfetch/cache.go, `rewriteVersionList`; golang.org/x/mod/semver for validity
/// and order.
enum VersionList {
    /// Returns the list for the names in an `@v` directory.
    ///
    /// - Parameter names: The names of the directory's entries.
    /// - Returns: The bytes of the file.
    static func bytes(for names: [String]) -> [UInt8] {
        let versions = Set(names).filter { $0.hasSuffix(".mod") }.map { String($0.dropLast(4)) }
        let listed = versions.compactMap(Version.init).sorted(by: <)
        return Array(listed.map { $0.text + "\n" }.joined().utf8)
    }

    /// A version in canonical form: `v1.2.3`, `v1.2.3-pre`, or either with `+incompatible`.
    private struct Version: Comparable {
        let text: String
        private let numbers: [String]
        private let prerelease: [Substring]

        init?(_ text: String) {
            guard text.hasPrefix("v") else { return nil }
            var rest = text.dropFirst()
            if let plus = rest.firstIndex(of: "+") {
                guard rest[plus...] == "+incompatible" else { return nil }
                rest = rest[..<plus]
            }
            var prerelease: [Substring] = []
            if let dash = rest.firstIndex(of: "-") {
                prerelease = rest[rest.index(after: dash)...].split(
                    separator: ".",
                    omittingEmptySubsequences: false
                )
                guard prerelease.allSatisfy(Self.isIdentifier) else { return nil }
                rest = rest[..<dash]
            }
            let numbers = rest.split(separator: ".", omittingEmptySubsequences: false)
            guard numbers.count == 3, numbers.allSatisfy(Self.isNumber) else { return nil }
            self.text = text
            self.numbers = numbers.map(String.init)
            self.prerelease = prerelease
        }

        static func < (lhs: Self, rhs: Self) -> Bool {
            for (left, right) in zip(lhs.numbers, rhs.numbers) where left != right {
                return isLess(number: left[...], right[...])
            }
            guard lhs.prerelease != rhs.prerelease else { return lhs.text.precedes(rhs.text) }
            // A release comes after its pre-releases.
            if lhs.prerelease.isEmpty || rhs.prerelease.isEmpty { return rhs.prerelease.isEmpty }
            for (left, right) in zip(lhs.prerelease, rhs.prerelease) where left != right {
                switch (isDigits(left), isDigits(right)) {
                case (true, true): return isLess(number: left, right)
                case (true, false): return true
                case (false, true): return false
                case (false, false): return left.utf8.lexicographicallyPrecedes(right.utf8)
                }
            }
            return lhs.prerelease.count < rhs.prerelease.count
        }

        private static func isLess(number left: Substring, _ right: Substring) -> Bool {
            left.utf8.count == right.utf8.count
                ? left.utf8.lexicographicallyPrecedes(right.utf8) : left.utf8.count < right.utf8.count
        }

        private static func isDigits(_ text: Substring) -> Bool {
            text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }

        private static func isNumber(_ text: Substring) -> Bool {
            !text.isEmpty && isDigits(text) && (text == "0" || !text.hasPrefix("0"))
        }

        private static func isIdentifier(_ text: Substring) -> Bool {
            guard !text.isEmpty else { return false }
            let isAllowed = text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == 0x2D
            }
            return isAllowed && (!isDigits(text) || isNumber(text))
        }
    }
}
