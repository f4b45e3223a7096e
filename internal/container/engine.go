package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Recipe is what an image is built from.
type Recipe struct {
	// Context is the directory that is sent to the engine, Dockerfile a path
	// in it, with slashes; "" is "Dockerfile".
	Context, Dockerfile string
	// Target is the stage that is built; "" is the last one.
	Target string
	// Args are the build arguments: no place for secrets.
	Args map[string]string
	// Platform is such as "linux/amd64".
	Platform string
	// Fresh builds every step anew.
	Fresh bool
	// Skip is as in [filetree.ScanOptions].
	Skip func(host string) bool
}

// EngineError says that no engine could be asked.
type EngineError struct {
	Host string // its address
	Err  error
}

func (e *EngineError) Error() string {
	return fmt.Sprintf("asking the container engine at %q: %v", e.Host, e.Err)
}

func (e *EngineError) Unwrap() error { return e.Err }

// BuildError says that the engine could not build an image.
type BuildError struct {
	Reason string   // the engine's
	Log    []string // its last lines
}

func (e *BuildError) Error() string {
	if len(e.Log) == 0 {
		return fmt.Sprintf("building the image: %s", e.Reason)
	}
	return fmt.Sprintf("building the image: %s; the last lines of its log:\n  %s", e.Reason, strings.Join(e.Log, "\n  "))
}

// Engine builds images by the Docker Engine API, which Podman speaks too.
type Engine struct {
	getenv func(string) string
	spool  *store.Store
}

// NewEngine returns an Engine at the place that getenv and the Docker
// configuration name: DOCKER_HOST, else the context of DOCKER_CONTEXT or of the
// configuration, else the socket of Docker or of Podman. Nothing is asked yet.
func NewEngine(getenv func(string) string, spool *store.Store) *Engine {
	return &Engine{getenv: getenv, spool: spool}
}

// pingPatience is how long an engine may take to say that it is there.
const pingPatience = 30 * time.Second

// Build builds the recipe from the files of its context, which [ReadContext]
// returned, and shows visit the files of the image. The image is never run, and
// removed afterwards. log gets the lines that the engine writes. The build ends
// with ctx. The engine is sent the credentials that the Docker configuration
// holds: where it lacks those that a program keeps, the error names that.
func (e *Engine) Build(ctx context.Context, r Recipe, sent []filetree.File, files Files, log func(line string), visit Visit) (err error) {
	c, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.api.Close()) }()
	b := builder{connection: c, image: cmp.Or(r.Target, "of "+r.Context), spool: e.spool}
	for attempt := 1; ; attempt++ {
		err := c.known.explainBuild(b.buildOnce(ctx, r, sent, files, log, visit))
		if !errors.Is(err, errImageGone) || attempt == buildAttempts {
			return err
		}
		log("It is built once more.")
	}
}

// buildAttempts is how often an image is built that others remove: a build with
// the same steps has the same image.
const buildAttempts = 3

var errImageGone = errors.New("the image is gone")

// connection is an engine that answers, and the credentials that it may be sent.
type connection struct {
	api     *client.Client
	host    string
	known   *credentials
	version build.BuilderVersion
}

// connect finds the engine and asks whether it is there. One that does not answer is
// an *[EngineError].
func (e *Engine) connect(ctx context.Context) (connection, error) {
	known, err := readCredentials(e.getenv)
	if err != nil {
		return connection{}, err
	}
	place, err := findEngine(e.getenv)
	if err != nil {
		return connection{}, err
	}
	api, err := client.New(place.options(e.getenv("DOCKER_API_VERSION"))...)
	if err != nil {
		return connection{}, &EngineError{Host: place.host, Err: err}
	}
	ping, err := pingEngine(ctx, api, pingPatience)
	if err != nil {
		return connection{}, errors.Join(&EngineError{Host: place.host, Err: err}, api.Close())
	}
	return connection{api: api, host: place.host, known: known, version: ping.BuilderVersion}, nil
}

func pingEngine(ctx context.Context, api *client.Client, patience time.Duration) (client.PingResult, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ping, err := api.Ping(limited, client.PingOptions{NegotiateAPIVersion: true})
	switch {
	case err != nil && ctx.Err() != nil:
		return ping, context.Cause(ctx)
	case err != nil && limited.Err() != nil:
		return ping, fmt.Errorf("no answer within %s", patience)
	}
	return ping, err
}

// builder is one build.
type builder struct {
	connection
	image string // for messages
	spool *store.Store
}

func (b *builder) buildOnce(ctx context.Context, r Recipe, sent []filetree.File, files Files, log func(line string), visit Visit) error {
	id, err := b.build(ctx, r, sent, log)
	if err != nil {
		return err
	}
	defer b.removeImage(ctx, id)
	return b.copyOut(ctx, id, files, visit)
}

// build sends the context and returns the id of the image.
func (b *builder) build(ctx context.Context, r Recipe, sent []filetree.File, log func(string)) (id string, err error) {
	options := client.ImageBuildOptions{
		Dockerfile: cmp.Or(r.Dockerfile, defaultDockerfile), Target: r.Target, NoCache: r.Fresh,
		Remove: true, ForceRemove: true, Version: b.version, BuildArgs: map[string]*string{}, AuthConfigs: b.known.forEngine(),
	}
	for key, value := range r.Args {
		options.BuildArgs[key] = &value
	}
	options.Platforms = pullOptions(r.Platform).Platforms
	if b.version == build.BuilderBuildKit {
		session, end, err := openSession(ctx, b.api, b.known)
		if err != nil {
			return "", err
		}
		defer end()
		options.SessionID = session
	}
	body, write := io.Pipe()
	sending := make(chan error, 1)
	go func() {
		err := writeContext(write, sent)
		sending <- err
		_ = write.CloseWithError(err)
	}()
	// What is wrong with the context is no fault of the engine.
	defer func() {
		_ = body.CloseWithError(errAnswered) // ends the goroutine
		if cause := <-sending; err != nil && cause != nil && !errors.Is(cause, errAnswered) && ctx.Err() == nil {
			id, err = "", cause
		}
	}()
	result, err := b.api.ImageBuild(ctx, body, options)
	if err != nil {
		return "", fmt.Errorf("building the image: %w", err)
	}
	defer func() { err = errors.Join(err, result.Body.Close()) }()
	return readProgress(ctx, result.Body, log)
}

// errAnswered ends the sending of a context that is not waited for any longer.
var errAnswered = errors.New("the engine has answered")

// copyOut takes the files out of a container that is never started. What is
// copied of the image is what the mapping names, and what links there lead to.
func (b *builder) copyOut(ctx context.Context, id string, files Files, visit Visit) (err error) {
	// An image without a command needs one to make a container of.
	options := client.ContainerCreateOptions{Config: &container.Config{Image: id, Cmd: []string{"/none"}, NetworkDisabled: true}}
	made, err := b.api.ContainerCreate(ctx, options)
	if err != nil {
		if _, missing := b.api.ImageInspect(ctx, id); missing != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w: %w", errImageGone, err)
		}
		return fmt.Errorf("making a container of the image: %w", err)
	}
	defer func() {
		ctx, cancel := afterwards(ctx)
		defer cancel()
		_, gone := b.api.ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		err = errors.Join(err, gone)
	}()
	var sources []source
	copied := map[string]bool{}
	add := func(name string) error {
		if copied[name] {
			return errors.New("its content differs from what the engine announced")
		}
		copied[name] = true
		sources = append(sources, source{root: parentOf(name), open: func(ctx context.Context) (io.ReadCloser, error) {
			got, err := b.api.CopyFromContainer(ctx, made.ID, client.CopyFromContainerOptions{SourcePath: "/" + name})
			if err != nil {
				return nil, fmt.Errorf("taking %q out of the built image: %w", "/"+name, b.absent(ctx, made.ID, name, err))
			}
			return got.Content, nil
		}})
		return nil
	}
	for _, from := range files.sources() {
		if base, _ := split(from); !copied[base] {
			if err := add(base); err != nil {
				return err
			}
		}
	}
	return b.followed(ctx, sources, files, visit, func(name string) ([]source, error) {
		err := add(name)
		return sources, err
	})
}

// followed copies more of the container until no link leads to what was not
// copied, and shows the files then.
func (b *builder) followed(ctx context.Context, sources []source, files Files, visit Visit, more func(name string) ([]source, error)) error {
	for {
		err := extract(ctx, "built "+b.image, sources, files, b.spool, visit)
		var gone *missing
		if !errors.As(err, &gone) || gone.name == gone.asked || len(sources) > maxHops {
			return err
		}
		var again error
		if sources, again = more(gone.name); again != nil {
			return err
		}
	}
}

func parentOf(name string) string { return strings.TrimPrefix(path.Dir("/"+name), "/") }

// removeImage removes what was built. Its layers stay in the engine's cache, so
// that the next build is fast. An image that others use, or named, stays: that
// is no fault of the build.
func (b *builder) removeImage(ctx context.Context, id string) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	_, _ = b.api.ImageRemove(ctx, id, client.ImageRemoveOptions{})
}

// afterwards returns a context to clean up in when the first has ended.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}
