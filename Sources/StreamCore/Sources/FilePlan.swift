#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file to read before the one that has the followed name now, when a growing file is gone on with.
struct FilePlan: Equatable {
  var path: String
  var span: FileSpan
  /// Not begun by the earlier run.
  var isFollower = false

  private struct Candidate {
    var path: String
    var status: FileStatus
  }

  /// The files that hold the spans of an earlier run, and those that were rotated after them.
  ///
  /// A span's file is the one with the same beginning that is long enough: after a rename it has the same inode too, after
  /// copytruncate the copy has not.
  static func make(_ spans: [FileSpan], path: String, source: String) throws -> [FilePlan] {
    guard !spans.isEmpty else { return [] }
    let candidates = candidates(path)
    var plans: [FilePlan] = []
    var last: Candidate?
    var used: Set<UInt64> = []
    for span in spans {
      let isLeft = span.byteCount > 0 || span.isTerminated || !span.isClosed
      guard let found = try find(span, candidates) else {
        // of the last file before a rotation nothing is needed any more; an untouched one may go too
        if !isLeft || (!span.isClosed && span.fileStart + span.byteCount == 0) { continue }
        throw isGone(span, path, source)
      }
      last = found
      used.insert(found.status.inode)
      if isLeft {
        var plan = FilePlan(path: found.path, span: span)
        plan.span.inode = found.status.inode
        plans.append(plan)
      }
    }
    if last?.path == path { return plans }
    return plans + followers(path, since: last?.status.modified ?? spans[spans.count - 1].modified, excluding: used)
  }

  private static func isGone(_ span: FileSpan, _ path: String, _ source: String) -> SourceError {
    SourceError(
      source: source,
      problem: "was read up to byte \(span.fileStart) of a file that is neither there nor beside it under another "
        + "name (\(path).*, not compressed)",
      advice: "put the file back, or start over with --fresh")
  }

  /// Where the file is now: it may have been rotated again.
  func currentPath(of followed: String, source: String) throws -> String {
    if FileStatus(path: path)?.inode == span.inode { return path }
    guard let found = Self.candidates(followed).first(where: { $0.status.inode == span.inode }) else {
      throw Self.isGone(span, followed, source)
    }
    return found.path
  }

  /// The files that were rotated after one that was last changed at `since`, oldest first.
  static func followers(_ path: String, since: Int64, excluding used: Set<UInt64>) -> [FilePlan] {
    let followers = candidates(path).filter {
      $0.path != path && !used.contains($0.status.inode) && $0.status.modified > since
    }
    return followers.sorted { ($0.status.modified, $0.path) < ($1.status.modified, $1.path) }.map { f in
      let span = FileSpan(name: f.path, inode: f.status.inode, modified: f.status.modified, start: 0, fileStart: 0)
      return FilePlan(path: f.path, span: span, isFollower: true)
    }
  }

  /// The file of the name and those that have been rotated, newest first.
  private static func candidates(_ path: String) -> [Candidate] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let base = String(parts.last ?? "")
    let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
    let compressed = [".gz", ".zst", ".bz2", ".xz", ".lz4", ".Z"]
    let names = (try? folderEntries(folder.isEmpty ? "/" : folder)) ?? []
    return names.compactMap { name -> Candidate? in
      let isSibling = name.hasPrefix(base + ".") || name.hasPrefix(base + "-")
      guard name == base || isSibling, !compressed.contains(where: { name.hasSuffix($0) }) else { return nil }
      let its = name == base ? path : folder + "/" + name
      guard let status = FileStatus(path: its), status.isRegular else { return nil }
      return Candidate(path: its, status: status)
    }.sorted { ($0.status.modified, $0.path) > ($1.status.modified, $1.path) }
  }

  private static func find(_ span: FileSpan, _ candidates: [Candidate]) throws -> Candidate? {
    let fitting = try candidates.filter { c in
      guard c.status.byteCount >= span.fileStart + span.byteCount else { return false }
      guard let head = span.head else { return c.status.inode == span.inode }
      let descriptor = try openDescriptor(c.path, 0)
      defer { closeQuietly(descriptor) }
      var bytes = [UInt8](repeating: 0, count: span.headByteCount)
      let n = try unsafe bytes.withUnsafeMutableBytes {
        try unsafe readFully(descriptor, at: 0, into: $0, path: c.path)
      }
      return n == bytes.count && digest(of: bytes) == head
    }
    let wasMoved = span.wasTruncated ?? false
    return fitting.first { ($0.status.inode == span.inode) != wasMoved } ?? fitting.first
  }
}
