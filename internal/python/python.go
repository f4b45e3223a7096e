// Package python turns Python requirements into a lock of wheels for Lambda
// runtimes: it reads requirements, asks package indexes (the Simple repository
// API, PEP 503 and 691) what exists, and solves for versions that fit together
// on each target. Wheels only: nothing is built from source, and no Python is
// needed on the host.
package python
