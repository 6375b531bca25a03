package shipped

// policies are the kinds that admit and announce.
var policies = groups{
	"kyverno.io": {"Policy": {
		conditions(when("Ready=True:Succeeded", healthy).with("Ready")),
		conditions(when("Ready", progressing)),
		waiting("the policy to be ready"),
	}},
	"proclaim.dogmatiq.io": {"DNSSDServiceInstance": {
		conditions(when("Adopted=False", degraded)),
		conditions(when("Advertised:AdvertiseError", degraded), when("Advertised:UnadvertiseError", degraded)),
		conditions(when("Discoverable:DiscoveryError", unknown)),
		conditions(when("Discoverable=True", healthy), when("Discoverable", progressing)),
		waiting("the service to be discoverable"),
	}},
}
