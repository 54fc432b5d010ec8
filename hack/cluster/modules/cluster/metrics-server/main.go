// Package main is metrics-server's own server with the one set of options
// that the local cluster needs.
//
// Its stock command line belongs to a newer Kubernetes than the cluster's: it
// brings generated OpenAPI definitions that do not compile with the pinned
// libraries, and a second copy of them would have to be built for it alone
// (a minute and a half). Kubernetes' own definitions cover the metrics API,
// so this program starts the server with those.
package main

import (
	"context"
	"flag"
	"net"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	utilcompatibility "k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/logs"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/generated/openapi"
	"sigs.k8s.io/metrics-server/pkg/api"
	"sigs.k8s.io/metrics-server/pkg/scraper/client"
	"sigs.k8s.io/metrics-server/pkg/server"
)

var (
	port       = flag.Int("secure-port", 10250, "port to serve the metrics API on")
	certDir    = flag.String("cert-dir", "/tmp", "writable directory for the self-signed serving certificate")
	resolution = flag.Duration("metric-resolution", 10*time.Second, "time between two scrapes of the kubelets")
	timeout    = flag.Duration("kubelet-request-timeout", 5*time.Second, "time to wait for one kubelet")
	kubeletCA  = flag.String("kubelet-certificate-authority", "", "CA of the kubelets' certificates; empty: not verified")
)

func main() {
	flag.Parse()
	logs.InitLogs()
	defer logs.FlushLogs()
	if err := run(genericapiserver.SetupSignalContext()); err != nil {
		klog.ErrorS(err, "metrics-server ends")
		logs.FlushLogs()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	kube, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	front, err := frontend()
	if err != nil {
		return err
	}
	config := server.Config{
		Apiserver:        front,
		Rest:             kube,
		Kubelet:          kubelets(kube),
		MetricResolution: *resolution,
		ScrapeTimeout:    *timeout,
	}
	s, err := config.Complete()
	if err != nil {
		return err
	}
	return s.RunUntil(ctx.Done())
}

// frontend is the generic API server: self-signed TLS, and the cluster's own
// API server asked who a caller is and what they may do.
func frontend() (*genericapiserver.Config, error) {
	serving := genericoptions.NewSecureServingOptions().WithLoopback()
	serving.BindPort = *port
	serving.ServerCert.CertDirectory = *certDir
	if err := serving.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{net.IPv4(127, 0, 0, 1)}); err != nil {
		return nil, err
	}
	config := genericapiserver.NewConfig(api.Codecs)
	config.EffectiveVersion = utilcompatibility.DefaultBuildEffectiveVersion()
	namer := openapinamer.NewDefinitionNamer(api.Scheme)
	config.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(openapi.GetOpenAPIDefinitions, namer)
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(openapi.GetOpenAPIDefinitions, namer)
	config.OpenAPIConfig.Info.Title = "Kubernetes metrics-server"
	config.OpenAPIV3Config.Info.Title = "Kubernetes metrics-server"
	config.OpenAPIConfig.Info.Version = strings.Split(config.EffectiveVersion.String(), "-")[0]
	config.OpenAPIV3Config.Info.Version = config.OpenAPIConfig.Info.Version
	if err := serving.ApplyTo(&config.SecureServing, &config.LoopbackClientConfig); err != nil {
		return nil, err
	}
	if err := genericoptions.NewDelegatingAuthenticationOptions().ApplyTo(&config.Authentication, config.SecureServing, nil); err != nil {
		return nil, err
	}
	return config, genericoptions.NewDelegatingAuthorizationOptions().ApplyTo(&config.Authorization)
}

func kubelets(kube *rest.Config) *client.KubeletClientConfig {
	config := &client.KubeletClientConfig{
		Scheme:              "https",
		DefaultPort:         10250,
		UseNodeStatusPort:   true,
		AddressTypePriority: []corev1.NodeAddressType{corev1.NodeInternalIP},
		Client:              *rest.CopyConfig(kube),
	}
	config.Client.TLSClientConfig = rest.TLSClientConfig{CAFile: *kubeletCA, Insecure: *kubeletCA == ""}
	return config
}
