import ArgumentParser
import CacheStore

/// Lists of classes of entries on the command line.
enum ClassList {
    /// Reads the classes that an option names.
    ///
    /// - Parameters:
    ///   - names: The names, as ``CommaList`` splits them.
    ///   - option: The option, for messages; only `--keep` knows the name `all`.
    /// - Returns: The classes.
    /// - Throws: `ValidationError` for a name that is no class.
    static func read(_ names: [[String]], of option: String) throws -> Set<EntryClass> {
        var found: Set<EntryClass> = []
        for name in names.joined() {
            if name == "all", option == "--keep" {
                found.formUnion(EntryClass.all)
            } else if let known = EntryClass.all.first(where: { $0.rawValue == name }) {
                found.insert(known)
            } else {
                let known = EntryClass.all.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("`\(option)`: unknown class `\(name)`; the classes are \(known)")
            }
        }
        return found
    }
}
