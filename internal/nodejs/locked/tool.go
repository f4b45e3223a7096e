package locked

import "github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"

// Tool is the package manager that wrote a lock file: their rules differ.
type Tool string

// The tools, which are different for what they do rather than by name.
const (
	NPM   Tool = "npm"
	Yarn1 Tool = "yarn 1"
	Berry Tool = "yarn berry"
	Pnpm  Tool = "pnpm"
)

// ProjectEdges returns what a project wants by its package.json. Of two wishes with one
// name npm takes that of development, the others that of production.
func (t Tool) ProjectEdges(m *manifest.Manifest) []Edge {
	if t == NPM {
		return edgesOf(m, Peer, Prod, Optional, Dev)
	}
	return edgesOf(m, Peer, Dev, Prod, Optional)
}

// Command is the tool's name on the command line.
func (t Tool) Command() string {
	switch t {
	case Yarn1, Berry:
		return "yarn"
	}
	return string(t)
}

// linking says how the dependencies of a linked folder get into a layer.
func (t Tool) linking() string {
	const own = "add these to the dependencies of the project"
	switch t {
	case NPM:
		return "Make the folder a member of a workspace, " + own + `, or let npm install the folder as a package: "npm install --install-links"`
	case Pnpm:
		return "Make the folder a member of the workspace, depend on it by file: instead of link:, or " + own
	case Berry:
		return "Make the folder a member of the workspace, depend on it by portal: or file: instead of link:, or " + own
	}
	return "Make the folder a member of the workspace, depend on it by file: instead of link:, or " + own
}

// sealing says what a user can do about tarballs without a digest. remote is set
// where an address is wanted instead of a version.
func (t Tool) sealing(remote bool) string {
	const otherwise = "put the archive into the project and depend on it by file:, or publish it to a registry"
	switch {
	case !remote:
		return "The registry tells none either: publish the package anew, or take another version of it"
	case t == Berry:
		return "Yarn 2 and later lock the digest of a zip of their own, never that of an archive by address: " + otherwise
	case t == Pnpm:
		return "pnpm before 10 locks no digest of an archive by address: remove its entry and run pnpm install with pnpm 10 or later, or " + otherwise
	case t == Yarn1:
		return "Remove its entry and run yarn install, which writes one, or " + otherwise
	}
	return "Remove its entry and run npm install, which writes one, or " + otherwise
}
