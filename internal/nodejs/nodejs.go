// Package nodejs knows what a Node.js layer holds: it reads manifests and lock
// files, chooses versions and places them in node_modules as npm 11 does, for a
// target and never for the host, and reads the tarballs.
package nodejs
