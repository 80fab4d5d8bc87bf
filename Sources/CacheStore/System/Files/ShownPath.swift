import SystemPackage

/// The path of a directory for messages, which is put together only when a message needs it.
///
/// A way through thousands of nested directories would otherwise make as many long paths.
final class ShownPath: Sendable {
    private let top: FilePath

    /// The path of the directory above and the name in it; `nil` where `top` is the whole path.
    private let inner: (above: ShownPath, name: String)?

    /// Creates the path of a directory that was opened by a whole path.
    init(_ path: FilePath) {
        top = path
        inner = nil
    }

    /// Creates the path of a directory in another.
    init(_ name: String, in above: ShownPath) {
        top = above.top
        inner = (above, name)
    }

    /// The path of the directory above.
    var above: ShownPath { inner?.above ?? ShownPath(top.removingLastComponent()) }

    /// The whole path.
    var path: FilePath {
        var names: [String] = []
        var step = inner
        while let (above, name) = step {
            names.append(name)
            step = above.inner
        }
        return names.isEmpty ? top : top.appending(names.reversed().joined(separator: "/"))
    }
}
