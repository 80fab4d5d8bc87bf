/// The names by which people know a compiled package.
extension CompiledPackage {
    /// The import path; for a program, `main` and, in parentheses, the directory of its sources.
    var title: String { importPath == "main" ? directory.map { "main (\($0))" } ?? importPath : importPath }

    /// The directory of the package's sources, as it was given to the compiler: with `-trimpath`, this is the
    /// import path, or `path@version` of the module and the rest of the import path.
    private var directory: String? {
        file.map { file in file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "." }
    }

    /// The number of elements with an `@` that may be a module's; a hostile path has thousands.
    private static let candidateLimit = 16

    /// The module of GOMODCACHE from which the package was compiled, or `nil` for any other package.
    ///
    /// The package itself tells, so the result does not depend on what else an archive holds.
    var module: (path: String, version: String)? {
        guard let directory else { return nil }
        let elements = directory.split(separator: "/", omittingEmptySubsequences: false)
        let candidates = elements.enumerated().filter { $1.contains("@") }.prefix(Self.candidateLimit)
        for (index, element) in candidates {
            guard let mark = element.lastIndex(of: "@") else { continue }
            let version = String(element[element.index(after: mark)...])
            let head = (elements[..<index] + [element[..<mark]]).joined(separator: "/")
            let rest = elements[(index + 1)...].map { "/\($0)" }.joined()
            if importPath == "main" {
                // Only with -trimpath, the directory begins with the path of the module.
                if !head.hasPrefix("/"), !version.isEmpty { return (head, ModuleKey.unescape(version)) }
                continue
            }
            guard importPath.hasSuffix(rest) else { continue }
            let path = String(importPath.dropLast(rest.count))
            let ends = [path, ModuleKey.escape(path)]
            if !version.isEmpty, ends.contains(where: { head == $0 || head.hasSuffix("/\($0)") }) {
                return (path, ModuleKey.unescape(version))
            }
        }
        return nil
    }

    /// The names that a pattern for packages and modules may match.
    ///
    /// - The import path; for a program, `main`, the title, and the directory.
    /// - The path of the module, alone and with `@` and the version.
    /// - The same with the escapes of GOMODCACHE, as `!acme` for `Acme`.
    /// - `std` for Go's own packages, as for all paths whose first element has no dot.
    var names: [String] {
        var names = [importPath]
        if let module {
            names += [module.path, "\(module.path)@\(module.version)"]
            let (path, version) = (ModuleKey.escape(module.path), ModuleKey.escape(module.version))
            if (path, version) != (module.path, module.version) {
                names += [path, "\(path)@\(version)"]
                if importPath.hasPrefix(module.path) {
                    names.append(path + importPath.dropFirst(module.path.count))
                }
            }
        }
        if importPath == "main" {
            names += [title] + (directory.map { [$0] } ?? [])
        } else if isStandard {
            names.append("std")
        }
        return names
    }

    /// Whether this is one of Go's own packages, as all paths are whose first element has no dot.
    var isStandard: Bool {
        importPath != "main" && !importPath.prefix(while: { $0 != "/" }).contains(".")
    }
}
