import SystemPackage
import Testing

@testable import CacheStore

extension Workbench {
    /// Selects from archives.
    func select(
        _ inputs: [FilePath],
        to name: String,
        configure: (inout Select.Options) -> Void = { _ in }
    ) async throws -> (path: FilePath, report: Select.Report) {
        var options = Select.Options()
        configure(&options)
        let output = path(name)
        return (output, try await Select(options: options).run(inputs, to: output))
    }

    /// Previews a selection from archives.
    func preview(
        _ inputs: [FilePath],
        configure: (inout Select.Options) -> Void
    ) async throws -> Select.Preview {
        var options = Select.Options()
        configure(&options)
        let before = try names
        let preview = try await Select(options: options).preview(inputs, to: path("preview"))
        #expect(try names == before)
        return preview
    }

    /// Writes a log of used entries as the program for GOCACHEPROG does.
    ///
    /// - Returns: The log of figures beside which it stands.
    func log(_ actions: some Sequence<ObjectID>, to name: String) throws -> FilePath {
        try Files.write(UseLog.lines(Set(actions)), to: UseLog.path(besides: path(name)))
        return path(name)
    }
}
