import SystemPackage

/// The path of a directory for messages, which is put together only when a message needs it.
///
/// A way through thousands of nested directories would otherwise make as many long paths.
final class ShownPath: Sendable {
    private let top: FilePath

    /// The path of the directory above and the name in it; `nil` where `top` is the whole path.
    ///
    /// It is set once, and changed only at the end of the value's life, when nobody else can see it.
    nonisolated(unsafe) private var inner: (above: ShownPath, name: String)?

    /// Creates the path of a directory that was opened by a whole path.
    init(_ path: FilePath) {
        top = path
        unsafe inner = nil
    }

    /// Creates the path of a directory in another.
    init(_ name: String, in above: ShownPath) {
        top = above.top
        unsafe inner = (above, name)
    }

    deinit {
        // A chain of thousands is let go one by one, and not each from within the end of the one below it.
        var above = takeAbove()
        while above != nil, isKnownUniquelyReferenced(&above) { above = above?.takeAbove() }
    }

    private func takeAbove() -> ShownPath? {
        defer { unsafe inner = nil }
        return unsafe inner?.above
    }

    /// The path of the directory above.
    var above: ShownPath { unsafe inner?.above ?? ShownPath(top.removingLastComponent()) }

    /// The whole path.
    var path: FilePath {
        var names: [String] = []
        var step = unsafe inner
        while let (above, name) = step {
            names.append(name)
            step = unsafe above.inner
        }
        return names.isEmpty ? top : top.appending(names.reversed().joined(separator: "/"))
    }
}
