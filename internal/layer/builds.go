package layer

import (
	"context"
	"errors"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// BuildSpec asks for files out of an image that a container engine builds.
type BuildSpec struct {
	// Context is the directory that is sent to the engine, Dockerfile a path
	// in it; "" is "Dockerfile".
	Context, Dockerfile string
	// Target is the stage that is built; "" is the last one.
	Target string
	// Args are the build arguments. They are kept in the lock.
	Args map[string]string
	// Files maps paths in the image to layer paths: see [container.Files].
	Files map[string]string
	// Platform is such as "linux/amd64"; "" is that of the architecture.
	Platform string
}

// BuildLock is one element of builds, with what came out of it.
type BuildLock struct {
	Context    string            `json:"context"`
	Dockerfile string            `json:"dockerfile,omitempty"`
	Target     string            `json:"target,omitempty"`
	Args       map[string]string `json:"args,omitempty"`
	Files      map[string]string `json:"files"`
	// Triggers is the digest of the triggers at the time, zero where there
	// were none.
	Triggers store.Digest  `json:"triggers,omitzero"`
	Results  []BuildResult `json:"results"`
}

// BuildResult is what was built for a platform.
type BuildResult struct {
	Platform string `json:"platform"`
	// Request is the digest of all that was asked for, with the files of the
	// context.
	Request store.Digest `json:"request"`
	// SHA256 is that of the zip of the files in the store.
	SHA256 store.Digest `json:"sha256"`
	Count  int          `json:"count"`
}

// check finds what can be known wrong without reading anything.
func (b BuildSpec) check(at fault.Path) error {
	summary := fmt.Sprintf("Malformed element %s", at)
	if b.Context == "" {
		return &fault.Error{At: at, Summary: summary, Detail: "It has no context: write the directory that the engine is sent."}
	}
	if b.Platform != "" {
		if err := container.CheckPlatform(b.Platform); err != nil {
			return fault.Tie(at.At("platform"), summary, err)
		}
	}
	if err := container.Files(b.Files).Check(); err != nil {
		return fault.Tie(at, summary, err)
	}
	return nil
}

// recipe returns what the engine is asked for.
func (l *BuildLock) recipe(platform string, own *ownPaths) container.Recipe {
	return container.Recipe{Context: l.Context, Dockerfile: l.Dockerfile, Target: l.Target, Args: l.Args, Platform: platform, Skip: own.skips}
}

// request digests all that the result depends on, besides what the engine finds
// outside of the context.
func (l *BuildLock) request(platform string, sent []filetree.File) (store.Digest, error) {
	return digestOf(struct {
		Reader                                int
		Encoder, Dockerfile, Target, Platform string
		Tree                                  store.Digest
		Args, Files                           map[string]string
	}{imageReader, layerzip.Encoder, l.Dockerfile, l.Target, platform, filetree.TreeDigest(sent), l.Args, l.Files})
}

// buildKey names a result.
func buildKey(request, triggers store.Digest) string {
	return fmt.Sprintf("build %s %s", request.Hex(), triggers.Hex())
}

// buildSpecs are the elements of builds.
type buildSpecs []BuildSpec

func (all buildSpecs) check(Spec) error {
	var faults []error
	for i, b := range all {
		faults = append(faults, b.check(fault.At("builds").Index(i)))
	}
	return errors.Join(faults...)
}

// choose decides the results of the builds: those of the old lock, or of the
// cache, while what was asked for is unchanged; else the engine builds.
func (all buildSpecs) choose(ctx context.Context, r *resolution) error {
	for i, spec := range all {
		l := BuildLock{Context: spec.Context, Dockerfile: spec.Dockerfile, Target: spec.Target, Args: spec.Args, Files: spec.Files, Triggers: r.triggers}
		if err := r.lockBuild(ctx, spec, &l); err != nil {
			return buildError(fault.At("builds").Index(i), l.Context, err)
		}
		r.now.Builds = append(r.now.Builds, l)
	}
	return nil
}

func (r *resolution) lockBuild(ctx context.Context, spec BuildSpec, l *BuildLock) error {
	s := r.spec
	sent, err := container.ReadContext(ctx, l.recipe("", s.own))
	if err != nil {
		return err
	}
	for _, platform := range s.containerPlatforms(spec.Platform) {
		request, err := l.request(platform, sent)
		if err != nil {
			return err
		}
		known, before := r.old.built(request)
		if before && known.triggers == l.Triggers {
			l.Results = append(l.Results, known.BuildResult)
			continue
		}
		c, err := r.builder.open()
		if err != nil {
			return err
		}
		facts, err := c.built(ctx, l, platform, request, sent, before)
		if err != nil {
			return err
		}
		if err := s.checkNative(facts); err != nil {
			return err
		}
		l.Results = append(l.Results, BuildResult{Platform: platform, Request: request, SHA256: facts.Segment, Count: facts.Count})
	}
	return nil
}

// oldResult is a result with the triggers of its time.
type oldResult struct {
	BuildResult
	triggers store.Digest
}

// built returns the result of the lock for a request.
func (l *Lock) built(request store.Digest) (oldResult, bool) {
	for _, b := range l.Builds {
		for _, r := range b.Results {
			if r.Request == request {
				return oldResult{r, b.Triggers}, true
			}
		}
	}
	return oldResult{}, false
}

// built returns what the cache knows of a request, or has the engine build it.
func (c *cache) built(ctx context.Context, l *BuildLock, platform string, request store.Digest, sent []filetree.File, fresh bool) (facts containerFacts, err error) {
	key := buildKey(request, l.Triggers)
	unlock, err := c.store.Lock(ctx, key)
	if err != nil {
		return containerFacts{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	facts, ok := c.notedContainer(key)
	if ok {
		ok, err = c.hasSegment(ctx, facts.Segment)
	}
	if !ok && err == nil {
		facts, ok, err = c.takeResult(ctx, key)
	}
	if !ok && err == nil {
		facts, err = c.runBuild(ctx, l, platform, sent, fresh)
	}
	if err != nil {
		return containerFacts{}, err
	}
	if err := c.offerResult(key, facts.Segment); err != nil {
		return containerFacts{}, err
	}
	return facts, c.noteContainer(key, facts)
}

// errOfflineBuild says that a build would need an engine.
var errOfflineBuild = errors.New("offline mode asks no container engine, and no cache holds the result")

// runBuild has the engine build, and packs what comes out.
func (c *cache) runBuild(ctx context.Context, l *BuildLock, platform string, sent []filetree.File, fresh bool) (containerFacts, error) {
	if c.offline {
		return containerFacts{}, errOfflineBuild
	}
	engine := container.NewEngine(c.getenv, c.store)
	recipe := l.recipe(platform, c.own)
	recipe.Fresh = fresh
	facts, err := c.packContainer(ctx, func(visit container.Visit) error {
		return engine.Build(ctx, recipe, sent, l.Files, func(line string) { c.log.InfoContext(ctx, line) }, visit)
	})
	if err != nil {
		return containerFacts{}, err
	}
	return facts, c.store.Settle(facts.Segment) // nobody else may make it again
}

// buildLocks are the elements of builds.
type buildLocks []BuildLock

// pack returns the files of all builds, in their order.
func (all buildLocks) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	var files filetree.Tree
	for i := range all {
		for _, r := range all[i].Results {
			tree, err := c.buildTree(ctx, l, &all[i], r, filetree.Origin{Ecosystem: "builds", Element: i}, doubt)
			if err != nil {
				return packed{}, buildError(fault.At("builds").Index(i), all[i].Context, err)
			}
			files = append(files, tree...)
		}
	}
	return packed{files: files, elements: true}, nil
}

// buildTree returns the files of a result.
func (c *cache) buildTree(ctx context.Context, l *Lock, b *BuildLock, r BuildResult, origin filetree.Origin, doubt bool) (filetree.Tree, error) {
	if err := c.bringBuild(ctx, b, r); err != nil {
		return nil, err
	}
	c.store.Offer(store.RemoteName(r.SHA256), r.SHA256, "")
	tree, err := c.segments.Files(r.SHA256, origin)
	if err != nil {
		return nil, err
	}
	// The result may be older than the architectures.
	facts, err := c.factsOf(buildKey(r.Request, b.Triggers), r.SHA256)
	if doubt && err == nil {
		facts, err = c.readFacts(r.SHA256)
	}
	if err != nil {
		return nil, err
	}
	return tree, l.checkNative(facts)
}

func (buildLocks) warnings() []Warning { return nil }

// bringBuild makes sure that the store has a locked result. One that is in no
// cache is built again, and is taken only if it is the same to the byte.
func (c *cache) bringBuild(ctx context.Context, l *BuildLock, want BuildResult) error {
	has, err := c.hasSegment(ctx, want.SHA256)
	if has || err != nil {
		return err
	}
	lost := func(why error) error {
		return &fault.Error{
			At: fault.At("builds"), Summary: fmt.Sprintf("The result of the build of %q is not here", l.Context),
			Detail: "The plan was made with a result that neither this machine's cache nor a shared one holds, and it could not be built again to the same bytes: " + sentence(why) +
				" Plan and apply on one machine, or let the provider's cache in S3 carry what a lock already names.", Err: why,
		}
	}
	sent, err := container.ReadContext(ctx, l.recipe(want.Platform, c.own))
	if err != nil {
		return lost(err)
	}
	request, err := l.request(want.Platform, sent)
	if err != nil {
		return err
	}
	if request != want.Request {
		return lost(&ChangedError{Source: l.Context})
	}
	facts, err := c.runBuild(ctx, l, want.Platform, sent, false)
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		return lost(err)
	}
	if facts.Segment != want.SHA256 {
		return lost(errors.New("the engine built other files: steps that download, compile or write the time do so"))
	}
	return c.noteContainer(buildKey(request, l.Triggers), facts)
}

// contents adds each build by its context, with the short digest of its result.
func (all buildLocks) contents(to map[string]string) {
	var brought []bringing
	for i, l := range all {
		name := l.Context
		if l.Target != "" {
			name += "#" + l.Target
		}
		for _, r := range l.Results {
			brought = append(brought, bringing{
				element: i, short: name, long: fmt.Sprintf("%s (%s)", name, targetsOf(l.Files)),
				version: fmt.Sprintf("%s (%s)", r.SHA256.Hex()[:12], plural(r.Count, "file")),
			})
		}
	}
	addBrought(to, "builds", brought)
}

// needs are the results.
func (all buildLocks) needs(context.Context, *cache, *Lock) []need {
	var needs []need
	for _, b := range all {
		for _, r := range b.Results {
			needs = append(needs, need{any: []store.Digest{r.SHA256}})
		}
	}
	return needs
}

// buildError ties what is wrong with a build to the input that asks for it.
func buildError(at fault.Path, dir string, err error) error {
	err = nativeFault(at, err)
	if fault.Tied(err) {
		return err
	}
	if absent, ok := errors.AsType[*container.AbsentError](err); ok {
		return &fault.Error{At: at.At("files"), Summary: fmt.Sprintf("The built image has no %q", absent.Path), Detail: sentence(absent), Err: err}
	}
	if engine, ok := errors.AsType[*container.EngineError](err); ok {
		return &fault.Error{
			At: at, Summary: "No container engine answers",
			Detail: sentence(engine) + " builds need Docker, or Podman's socket, where the result is in no cache yet: start one, or name it in DOCKER_HOST or by a Docker context.", Err: err,
		}
	}
	if errors.Is(err, errOfflineBuild) {
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("No cache holds the result of the build of %q", dir),
			Detail: "In offline mode no container engine is asked: plan once without offline, or take a cache that has the result of just these inputs.", Err: err,
		}
	}
	return fault.Tie(at, fmt.Sprintf("The build of %q failed", dir), err)
}
