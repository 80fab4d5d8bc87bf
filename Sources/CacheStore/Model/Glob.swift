/// A shell pattern for names: `*` matches any text, `?` any one character, `[a-z]` a character in a set,
/// `[!a-z]` a character outside a set, and `\` makes the next character literal.
///
/// As in `fnmatch(3)` without flags, `*` and `?` match a `/` too, because names are keys and not paths.
/// Characters are Unicode scalars, and the case of letters counts.
public struct Glob: Hashable, Sendable {
    private enum Element: Hashable, Sendable {
        case text(Unicode.Scalar)
        case one
        case any
        case set([ClosedRange<UInt32>], isNegated: Bool)

        /// Returns whether the element matches this one character.
        func matches(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .text(let expected): expected == scalar
            case .one: true
            case .any: false
            case .set(let ranges, let isNegated):
                ranges.contains { $0.contains(scalar.value) } != isNegated
            }
        }
    }

    private let elements: [Element]

    /// The text of the pattern.
    public let pattern: String

    /// Reads a pattern, or returns `nil` if it ends in `\` or a `[` is not closed.
    public init?(_ pattern: String) {
        var elements: [Element] = []
        var rest = pattern.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": if elements.last != .any { elements.append(.any) }
            case "?": elements.append(.one)
            case "[":
                guard let set = Self.set(&rest) else { return nil }
                elements.append(set)
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                elements.append(.text(next))
            default: elements.append(.text(scalar))
            }
        }
        self.elements = elements
        self.pattern = pattern
    }

    /// Returns whether the whole of `name` matches.
    ///
    /// - Complexity: O(*n* · *m*) at worst, because only the last `*` is ever tried again.
    public func matches(_ name: some StringProtocol) -> Bool {
        let scalars = name.unicodeScalars
        var position = scalars.startIndex
        var element = 0
        var retry: (element: Int, position: String.UnicodeScalarView.Index)?
        while position < scalars.endIndex {
            if element < elements.count, elements[element] == .any {
                element += 1
                retry = (element, position)
            } else if element < elements.count, elements[element].matches(scalars[position]) {
                element += 1
                position = scalars.index(after: position)
            } else if let (start, from) = retry {
                position = scalars.index(after: from)
                element = start
                retry = (start, position)
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .any }
    }

    /// Reads the rest of a set after its `[`.
    private static func set(_ rest: inout Substring.UnicodeScalarView) -> Element? {
        var ranges: [ClosedRange<UInt32>] = []
        let isNegated = rest.first == "!" || rest.first == "^"
        if isNegated { rest.removeFirst() }
        while var scalar = rest.popFirst() {
            // A `]` in the first place stands for itself.
            if scalar == "]", !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
            if scalar == "\\" {
                guard let next = rest.popFirst() else { return nil }
                scalar = next
            }
            var last = scalar
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                rest.removeFirst(2)
                last = end
            }
            guard scalar <= last else { return nil }
            ranges.append(scalar.value...last.value)
        }
        return nil
    }
}
