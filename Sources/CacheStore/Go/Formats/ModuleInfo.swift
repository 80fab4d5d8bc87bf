import FoundationEssentials

/// The content of a `.info` file, which names a version of a module.
///
/// Source: Go's cmd/go/internal/modfetch/repo.go, `RevInfo`. Go writes more fields, which may differ between
/// jobs.
struct ModuleInfo: Decodable {
    /// The version, not escaped.
    var version: String

    private enum CodingKeys: String, CodingKey { case version = "Version" }

    /// Returns the reason why `bytes` is not the `.info` of a module, or `nil` if it is.
    ///
    /// The `.info` of a branch or commit names the version for which that branch or commit stands. Therefore
    /// only the form of the file is checked.
    static func fault(in bytes: [UInt8], of module: ModuleKey) -> String? {
        guard let info = try? JSONDecoder().decode(ModuleInfo.self, from: Data(bytes)) else {
            return "no JSON of a version"
        }
        return info.version.isEmpty ? "it has no version" : nil
    }
}
