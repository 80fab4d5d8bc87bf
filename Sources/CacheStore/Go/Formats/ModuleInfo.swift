import FoundationEssentials

/// The content of a `.info` file: which version of a module it is about.
///
/// Source: Go's cmd/go/internal/modfetch/repo.go, `RevInfo`. Go writes more fields, which may differ between
/// jobs.
struct ModuleInfo: Decodable {
    /// The version, not escaped.
    var version: String

    private enum CodingKeys: String, CodingKey { case version = "Version" }

    /// Why `bytes` is not the `.info` of a module, or `nil` if it is.
    ///
    /// The file of a branch or commit names the version that it stands for, so only its form is checked.
    static func fault(in bytes: [UInt8], of module: ModuleKey) -> String? {
        guard let info = try? JSONDecoder().decode(ModuleInfo.self, from: Data(bytes)) else {
            return "no JSON of a version"
        }
        return info.version.isEmpty ? "it has no version" : nil
    }
}
