package container

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Service is a container that answers on a port.
type Service struct {
	// Image is its name, Platform such as "linux/amd64".
	Image, Platform string
	// Command are the arguments of the image's entry point.
	Command []string
	// Environment has the form NAME=value.
	Environment []string
	// Port is that of the container, by TCP.
	Port uint16
	// Folders are the folders of this machine by the folder of the container
	// that they are copied to, which the image has to have.
	Folders map[string]string
}

// Running is a started [Service].
type Running struct {
	// Address is the host and port on which it answers, from this machine.
	Address string

	connection
	id string
}

// Start starts a service, and pulls its image where the engine lacks it. An
// engine that does not answer is an *[EngineError]. log gets what the engine
// says of the pull. The caller stops what was started.
func (e *Engine) Start(ctx context.Context, s Service, log func(line string)) (_ *Running, err error) {
	c, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	r := &Running{connection: c}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Stop(ctx))
		}
	}()
	if err := r.create(ctx, s, log); err != nil {
		return nil, err
	}
	for _, to := range slices.Sorted(maps.Keys(s.Folders)) {
		if err := r.copyIn(ctx, s.Folders[to], to); err != nil {
			return nil, fmt.Errorf("copying to %q of the container: %w", to, err)
		}
	}
	if _, err := r.api.ContainerStart(ctx, r.id, client.ContainerStartOptions{}); err != nil {
		return nil, fmt.Errorf("starting the container: %w", err)
	}
	r.Address, err = r.published(ctx, s.Port)
	return r, err
}

// create makes the container, with its port on the loopback interface of the
// engine's machine.
func (r *Running) create(ctx context.Context, s Service, log func(string)) error {
	port, ok := network.PortFrom(s.Port, network.TCP)
	if !ok {
		return fmt.Errorf("%d is not a port", s.Port)
	}
	options := client.ContainerCreateOptions{
		Config: &container.Config{Image: s.Image, Cmd: s.Command, Env: s.Environment, ExposedPorts: network.PortSet{port: {}}},
		HostConfig: &container.HostConfig{PortBindings: network.PortMap{
			port: {{HostIP: netip.AddrFrom4([4]byte{127, 0, 0, 1})}},
		}},
	}
	pull := pullOptions(s.Platform)
	if len(pull.Platforms) > 0 {
		options.Platform = &pull.Platforms[0]
	}
	made, err := r.api.ContainerCreate(ctx, options)
	if errdefs.IsNotFound(err) {
		if err := r.pull(ctx, s.Image, pull, log); err != nil {
			return r.known.explain(repositoryOf(s.Image), fmt.Errorf("pulling the image %q: %w", s.Image, err))
		}
		made, err = r.api.ContainerCreate(ctx, options)
	}
	if err != nil {
		return fmt.Errorf("making a container of %q: %w", s.Image, err)
	}
	r.id = made.ID
	return nil
}

// repositoryOf returns an image's name without tag and digest, and with the registry
// that a short name means.
func repositoryOf(image string) string {
	ref, err := name.ParseReference(image)
	if err != nil {
		return image // the engine refuses it
	}
	return ref.Context().Name()
}

// pullOptions returns the options of a pull for a platform such as
// "linux/amd64", "" for the engine's own.
func pullOptions(platform string) (options client.ImagePullOptions) {
	if system, machine, ok := strings.Cut(platform, "/"); ok {
		options.Platforms = slices.Grow(options.Platforms, 1)[:1]
		options.Platforms[0].OS, options.Platforms[0].Architecture = system, machine
	}
	return options
}

func (r *Running) pull(ctx context.Context, image string, options client.ImagePullOptions, log func(string)) error {
	if login, ok := r.known.login(repositoryOf(image)); ok {
		var err error
		if options.RegistryAuth, err = authconfig.Encode(engineLogin(login)); err != nil {
			return err
		}
	}
	log("Pulling " + image + ".")
	answer, err := r.api.ImagePull(ctx, image, options)
	if err != nil {
		return err
	}
	return errors.Join(answer.Wait(ctx), answer.Close())
}

// copyIn copies what is in a folder of this machine.
func (r *Running) copyIn(ctx context.Context, from, to string) error {
	body, write := io.Pipe()
	go func() {
		out := tar.NewWriter(write)
		err := out.AddFS(asRunnable(os.DirFS(from)))
		_ = write.CloseWithError(errors.Join(err, out.Close())) // never fails
	}()
	_, err := r.api.CopyToContainer(ctx, r.id, client.CopyToContainerOptions{DestinationPath: to, Content: body})
	return errors.Join(err, body.Close())
}

// published returns where a port of the container is reached.
func (r *Running) published(ctx context.Context, number uint16) (string, error) {
	found, err := r.api.ContainerInspect(ctx, r.id, client.ContainerInspectOptions{})
	if err != nil {
		return "", fmt.Errorf("looking at the container: %w", err)
	}
	host := "127.0.0.1"
	if at, err := url.Parse(r.host); err == nil && at.Scheme == "tcp" {
		host = at.Hostname()
	}
	if ended := endOf(found.Container); ended != nil {
		return "", fmt.Errorf("%w. Its log:\n%s", ended, r.quietLog(ctx))
	}
	if found.Container.NetworkSettings != nil {
		for port, bindings := range found.Container.NetworkSettings.Ports {
			if port.Num() == number && len(bindings) > 0 {
				return net.JoinHostPort(host, bindings[0].HostPort), nil
			}
		}
	}
	return "", fmt.Errorf("the engine published no port of the container: it may be too old. Its log:\n%s", r.quietLog(ctx))
}

// EndedError says that the program of a container has ended.
type EndedError struct{ Status int }

func (e *EndedError) Error() string {
	return fmt.Sprintf("the container has ended with the exit status %d", e.Status)
}

// Check returns an *[EndedError] where the container runs no more.
func (r *Running) Check(ctx context.Context) error {
	found, err := r.api.ContainerInspect(ctx, r.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("looking at the container: %w", err)
	}
	return endOf(found.Container)
}

func endOf(c container.InspectResponse) error {
	if c.State == nil || c.State.Running || c.State.Status == container.StateCreated {
		return nil
	}
	return &EndedError{Status: c.State.ExitCode}
}

// Log returns what the container wrote, to both of its streams.
func (r *Running) Log(ctx context.Context) (_ string, err error) {
	answer, err := r.api.ContainerLogs(ctx, r.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return "", fmt.Errorf("reading the log of the container: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Close()) }()
	var text bytes.Buffer
	if _, err := stdcopy.StdCopy(&text, &text, answer); err != nil {
		return "", fmt.Errorf("reading the log of the container: %w", err)
	}
	return text.String(), nil
}

func (r *Running) quietLog(ctx context.Context) string {
	text, err := r.Log(ctx)
	if err != nil {
		return err.Error()
	}
	return text
}

// Stop ends the container and removes it, even where ctx has ended.
func (r *Running) Stop(ctx context.Context) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	var gone error
	if r.id != "" {
		_, gone = r.api.ContainerRemove(ctx, r.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	}
	return errors.Join(gone, r.api.Close())
}
