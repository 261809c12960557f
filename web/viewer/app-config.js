/**
 * What the diagnostic viewer is told: one DICOMweb archive, ours, at the same origin, with the
 * session cookie of the application around it. Copied into the viewer as it is.
 */
(() => {
  const dicomweb = `${window.location.origin}/dicomweb`;

  /** Top left of the viewer: back into the application, which is around it already when framed. */
  function BackLink(React) {
    if (window.parent !== window) return React.createElement('span');
    return React.createElement(
      'a',
      {
        href: '/reading',
        target: '_top',
        className: 'vesalius-back',
        'aria-label': 'Vesalius',
      },
      'Vesalius',
    );
  }

  window.config = {
    name: 'vesalius',
    routerBasename: '/viewer',
    whiteLabeling: { createLogoComponentFn: BackLink },
    extensions: [],
    modes: [],
    // Whoever reads all day needs no tour of the buttons; `?` and the toolbar tell.
    customizationService: [{ 'ohif.tours': { $set: [] } }],
    showStudyList: false,
    maxNumberOfWebWorkers: Math.max(2, Math.min(4, (navigator.hardwareConcurrency || 4) - 1)),
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: false,
    showLoadingIndicator: true,
    strictZSpacingForVolumeViewport: true,
    groupEnabledModesFirst: true,
    allowMultiSelectExport: false,
    maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 16 },
    showErrorDetails: 'production',
    // The reading page around the viewer says that this is not a certified medical device.
    investigationalUseDialog: { option: 'never' },
    defaultDataSourceName: 'vesalius',
    dataSources: [
      {
        namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
        sourceName: 'vesalius',
        configuration: {
          friendlyName: 'Vesalius',
          name: 'vesalius',
          qidoRoot: dicomweb,
          wadoRoot: dicomweb,
          wadoUriRoot: dicomweb,
          qidoSupportsIncludeField: true,
          imageRendering: 'wadors',
          thumbnailRendering: 'wadors',
          thumbnailRequestStrategy: 'fetch',
          enableStudyLazyLoad: true,
          supportsFuzzyMatching: true,
          supportsWildcard: false,
          supportsReject: false,
          dicomUploadEnabled: false,
          singlepart: 'bulkdata,pdf,video',
          bulkDataURI: { enabled: true, relativeResolution: 'instances' },
          omitQuotationForMultipartRequest: true,
        },
      },
    ],
    // A session that ended is told by the application around the viewer.
    httpErrorHandler: error => {
      if (error && error.status === 401 && window.parent !== window) {
        window.parent.postMessage({ vesalius: 'session-ended' }, window.location.origin);
      }
    },
  };
})();
