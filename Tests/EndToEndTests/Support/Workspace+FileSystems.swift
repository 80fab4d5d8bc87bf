import Testing

extension Workspace {
    /// Mounts a small file system, runs `body` with its path, and unmounts the file system.
    func onFileSystem(_ options: String, _ body: (String) async throws -> Void) async throws {
        let place = try Scratch.shared.directory("mount")
        let mount = try await shell(#"mount -t tmpfs -o "$1" none "$2""#, [options, place])
        guard mount.status == 0 else {
            throw Program.Failure(description: "these tests mount a tmpfs, which only root may: \(mount)")
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body(place)) } catch { result = .failure(error) }
        _ = try await shell(#"umount "$1""#, [place])
        try result.get()
    }

    /// Mounts a file system again with other options.
    func remount(_ place: String, _ options: String) async throws {
        let outcome = try await shell(#"mount -o "remount,$1" "$2""#, [options, place])
        #expect(outcome.status == 0, "\(outcome)")
    }
}
