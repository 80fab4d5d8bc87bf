/// A program that serves GOCACHE to go commands.
public struct CacheProgram: Sendable {}
