import ArgumentParser
import Foundation
import Snapshots

/// `thalweg state`: looks into a folder of checkpoints without the job that writes it.
struct StateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "state",
    abstract: "Look into the checkpoints of a job.",
    discussion: """
      Reads a --checkpoint folder without the job; a running job is not disturbed.

      Examples:
        thalweg state list checkpoints
        thalweg state show checkpoints 12
        thalweg state verify checkpoints
        thalweg state export checkpoints --output state-of-today
      """,
    subcommands: [List.self, Show.self, Verify.self, Export.self])

  struct Folder: ParsableArguments {
    @Argument(help: "The folder of checkpoints.")
    var folder: String
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the checkpoints, oldest first.")
    @OptionGroup var folder: Folder

    func run() throws {
      Terminal.write(CheckpointInspector.renderList(try folder.entries()), to: 1)
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one checkpoint: its job, inputs, operators and sizes.")
    @OptionGroup var folder: Folder
    @Argument(help: "The checkpoint's id. (default: the newest)")
    var id: UInt64?

    func run() throws {
      let id = try id ?? folder.newest()
      Terminal.write(CheckpointInspector.render(try CheckpointInspector.show(directory: folder.folder, id: id)), to: 1)
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every byte of one checkpoint, or of all; exit code 65 when one is not usable.")
    @OptionGroup var folder: Folder
    @Argument(help: "The checkpoint's id. (default: all)")
    var id: UInt64?

    func run() throws {
      _ = try folder.entries()
      let results = try CheckpointInspector.verify(directory: folder.folder, id: id)
      Terminal.write(CheckpointInspector.render(results), to: 1)
      if results.contains(where: { !$0.isUsable }) { throw CommandFailure(silently: CommandFailure.Code.data.rawValue) }
    }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a checkpoint's metadata and sections as plain files.")
    @OptionGroup var folder: Folder
    @Argument(help: "The checkpoint's id. (default: the newest usable one)")
    var id: UInt64?
    @Option(help: ArgumentHelp("A new or empty folder to write to.", valueName: "folder"))
    var output: String

    func run() throws {
      let id = try id ?? folder.newestUsable()
      let export = try CheckpointInspector.export(directory: folder.folder, id: id, to: output)
      Terminal.write(CheckpointInspector.render(export), to: 1)
    }
  }
}

extension StateCommand.Folder {
  func entries() throws -> [CheckpointInspector.Entry] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw CommandFailure(.noInput, "\(folder): there is no such folder; name the one given to replay as --checkpoint")
    }
    guard isFolder.boolValue else {
      throw CommandFailure(.noInput, "\(folder) is not a folder; name the one given to replay as --checkpoint")
    }
    return try CheckpointInspector.list(directory: folder)
  }

  func newest() throws -> UInt64 {
    guard let id = try entries().last?.id else {
      throw CommandFailure(.noInput, "\(folder): there are no checkpoints in it")
    }
    return id
  }

  func newestUsable() throws -> UInt64 {
    for entry in try entries().reversed()
    where try CheckpointInspector.verify(directory: folder, id: entry.id).allSatisfy(\.isUsable) {
      return entry.id
    }
    throw CommandFailure(.noInput, "\(folder): there is no usable checkpoint in it; thalweg state verify says why")
  }
}
